// One person's time in one room, from asking to be let in until the answer to having left.

export class Membership {
  constructor(room) {
    this.room = room;
    this.joinAsked = performance.now();
    /** When the first join and the leave were acked, and when the leave was asked for. Infinity: not yet. */
    this.joined = Infinity;
    this.leaveAsked = Infinity;
    this.left = Infinity;
    /** The messages that were heard, in the order of hearing. */
    this.heard = [];
    /** How many of these were heard before the latest connection on which the first join was still not acked. */
    this.unpromised = 0;
    /** And how many before the connection was lost on which the leave was asked for, if it was not acked there. */
    this.promised = Infinity;
    /**
     * Times when the session was lost and the page had to load the history, from each connection on that came before it was in the room
     * again: {after: messages heard before, until: joined again}.
     */
    this.gaps = [];
  }

  get current() {
    return this.leaveAsked === Infinity;
  }

  letIn() {
    const now = performance.now();
    if (this.joined === Infinity) this.joined = now;
    this.#closeGaps(now);
  }

  leaves() {
    if (this.current) this.leaveAsked = performance.now();
  }

  hasLeft() {
    this.left = performance.now();
    this.#closeGaps(this.left);
  }

  /**
   * The client is connected again. A join that was not acked may be forgotten, whatever was heard since it was asked for. Where the session
   * was not taken up again, what was missed is for the page to fetch. A leave that was not acked may be forgotten as well: a gateway that
   * is killed before it has saved it has told the client later messages of other rooms, and the next one takes the client back into
   * this room behind them, until it asks again.
   */
  connects(recovered) {
    const waits = this.gaps.at(-1)?.until === Infinity;
    if (this.left < Infinity) return;
    if (!this.current) this.promised = Math.min(this.promised, this.heard.length);
    if (this.joined === Infinity) this.unpromised = this.heard.length;
    else if (waits || !recovered) this.gaps.push({ after: this.heard.length, until: Infinity });
  }

  #closeGaps(now) {
    for (const gap of this.gaps) gap.until = Math.min(gap.until, now);
  }
}
