// What several gateways did in each kind of fault: how long messages took from one to the other, and whom their lists named. Times are
// performance.now(), all of one process.

const SETTLED = 2_000; // milliseconds after the ack of a join, from which on every list has the member
const RETURN = 10_000; // milliseconds after a line broke, in which its client may be away
const EXAMPLES = 10;

const NEW = { times: 0, crossing: 0, flickers: 0, absent: 0, anew: 0, inexact: 0, healed: 0 };

export class Chronicle {
  /** What goes wrong, or did last. */
  kind = 'nothing';
  /**
   * Of each kind: how many `times` it happened; the longest `crossing`, milliseconds from a message's being known to somebody to its being
   * heard by one who was connected all the time; `flickers`, lists that lacked somebody who was there, and `absent` ones that lacked only who may
   * not have been, for their line was broken; comings back that began `anew`; lists that were `inexact` when all
   * had been quiet for a while; and the milliseconds after which they all were exact for good (`healed`).
   */
  kinds = {};
  examples = [];
  /** When gateways stood still: {from, to}. */
  stops = [];
  /** What was begun and repaired, and each list that lacked somebody: {at, what}. */
  story = [];

  begins(kind) {
    this.kind = kind;
    if (kind.split('+').includes('stop')) this.stops.push({ from: performance.now(), to: Infinity });
    this.#of.times++;
    this.#notes(`${kind} begins`);
  }

  /** What began last is repaired. */
  repaired() {
    const last = this.stops.at(-1);
    if (last?.to === Infinity) last.to = performance.now();
    this.#notes(`${this.kind} is repaired`);
  }

  /** A message was heard at `now` by somebody who has been connected since `since`; the first who knew of it did so at `told`. */
  heard(message, since, now = performance.now()) {
    const { told, text } = message;
    if (since >= told) return;
    message.crossed = Math.max(message.crossed ?? 0, now - told);
    if (now - told <= this.#of.crossing) return;
    this.#of.crossing = now - told;
    if (now - told > 1_000 && this.examples.filter(({ kind }) => kind === this.kind).length < 3) this.#example(`took ${Math.round(now - told)} ms: ${text}`);
  }

  /** Somebody was told who is in a room, by name, where these are (members: {name, joined, leaveAsked, brokenAt}: when their line was). */
  listed(by, room, names, members, now = performance.now()) {
    const lacking = members.filter(({ name, joined, leaveAsked }) => {
      return joined + SETTLED < now && leaveAsked === Infinity && !names.has(name);
    });
    if (lacking.length === 0) return;
    const there = lacking.filter(({ brokenAt = -Infinity }) => brokenAt + RETURN < now);
    if (there.length === 0) return void this.#of.absent++;
    this.#of.flickers++;
    this.#notes(`${by} in ${room} lacks ${there.map(({ name }) => name)}`);
    this.#example(`${by} in ${room} was told a list without ${there.map((member) => latest(member, now))}`);
  }

  /** Somebody has come back and was not recovered. */
  beganAnew(name, how) {
    this.#of.anew++;
    this.#example(`${name} began anew: ${how}`);
  }

  /** All had been quiet for long enough. `wrong` describes the lists that were not exact, which had last changed `healed` ms after the repair. */
  calm(wrong, healed) {
    this.#of.inexact += wrong.length;
    this.#of.healed = Math.max(this.#of.healed, healed);
    for (const what of wrong) this.#example(what);
    this.#notes(`calm, exact after ${Math.round(healed)} ms, wrong: ${wrong.join('; ')}`);
  }

  get #of() {
    return (this.kinds[this.kind] ??= { ...NEW });
  }

  #notes(what) {
    this.story.push({ at: performance.now(), what });
  }

  #example(what) {
    const all = this.examples;
    if (all.length < 5 * EXAMPLES && all.filter(({ kind }) => kind === this.kind).length < EXAMPLES) all.push({ kind: this.kind, what });
  }
}

/** A member, and what became of its connection last. */
function latest({ name, story = [] }, now) {
  const last = story.slice(-2).map(({ at, what }) => `${what} ${Math.round(now - at)} ms ago`);
  return last.length > 0 ? `${name} (${last.join(', ')})` : name;
}

// While these go on every client keeps its connection, and messages find another way.
const CROSSED = ['redis', 'flush', 'hush', 'partition', 'failover'];
// In a rolling restart nobody may leave a list whose line is whole.
const UNSEEN = ['roll', 'drops', 'cuts', 'delays', 'halfopen'];
const unseen = (kind) => kind.split('+').includes('roll') && kind.split('+').every((one) => UNSEEN.includes(one));

/** What the gateways promise of this and did not keep: descriptions. Messages may take `crossing` milliseconds. */
export function broken({ kinds }, crossing) {
  return Object.entries(kinds).flatMap(([kind, of]) => [
    ...(CROSSED.includes(kind) && of.crossing > crossing ? [`${kind}: a message took ${Math.round(of.crossing)} ms`] : []),
    ...(unseen(kind) && of.flickers > 0 ? [`${kind}: ${of.flickers} lists lacked somebody`] : []),
    ...(of.inexact > 0 ? [`${kind}: ${of.inexact} lists were wrong in the calm after it`] : []),
  ]);
}
