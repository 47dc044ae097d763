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
    /** Times when the session was lost and the page had to load the history: {after: messages heard before, until: joined again}. */
    this.gaps = [];
  }

  get current() {
    return this.leaveAsked === Infinity;
  }

  letIn() {
    const now = performance.now();
    if (this.joined === Infinity) this.joined = now;
    this.#closeGap(now);
  }

  leaves() {
    if (this.current) this.leaveAsked = performance.now();
  }

  hasLeft() {
    this.left = performance.now();
    this.#closeGap(this.left);
  }

  /** The session was not taken up again: what was missed is for the page to fetch. */
  loses() {
    const was = this.joined < Infinity || this.heard.length > 0;
    if (was && this.left === Infinity && this.gaps.at(-1)?.until !== Infinity) this.gaps.push({ after: this.heard.length, until: Infinity });
  }

  #closeGap(now) {
    const gap = this.gaps.at(-1);
    if (gap?.until === Infinity) gap.until = now;
  }
}
