// What several gateways did in each kind of fault: how long messages took from one to the other, and whom their lists named. Times are
// performance.now(), all of one process.

const SETTLED = 2_000; // milliseconds after the ack of a join, from which on every list has the member
const RETURN = 10_000; // milliseconds after a line broke, in which its client may be away
const EXAMPLES = 10;

const NEW = { times: 0, crossing: 0, flickers: 0, unseen: 0, absent: 0, away: 0, anew: 0, inexact: 0, healed: 0 };

export class Chronicle {
  /** What goes wrong, or did last. */
  kind = 'nothing';
  /**
   * Of each kind: how many `times` it happened; the longest `crossing`, milliseconds from a message's being known to somebody to its being
   * heard by one who was connected all the time; `flickers`, lists that lacked somebody who was there, `unseen` those of them that lacked somebody whom this
   * kind of fault takes off no list, and `absent` ones that lacked only who may not have been there, for their line was broken; the longest time that
   * somebody was `away`, in milliseconds; comings back that began `anew`; lists that were `inexact` when all
   * had been quiet for a while; and the milliseconds after which they all were exact for good (`healed`).
   */
  kinds = {};
  examples = [];
  /** When which gateway stood still: {port, from, to}. */
  stops = [];
  /** When gateways were told to end. */
  restarts = [];
  #begun = -Infinity; // when that began
  /** What was begun and repaired, and each list that lacked somebody: {at, what}. */
  story = [];

  begins(kind, now = performance.now()) {
    this.kind = kind;
    this.#begun = now;
    this.#of.times++;
    this.#notes(`${kind} begins`);
  }

  /** What began last is repaired. */
  repaired() {
    this.#notes(`${this.kind} is repaired`);
  }

  /** The gateway on that port stands still from now on, until `to` is set in what this answers. */
  standsStill(port) {
    const stop = { port, from: performance.now(), to: Infinity };
    this.stops.push(stop);
    return stop;
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
    if (there.some((member) => staysListed(this.kind, member, this.#begun, now, this.restarts))) this.#of.unseen++;
    this.#notes(`${by} in ${room} lacks ${there.map(({ name }) => name)}`);
    this.#example(`${by} in ${room} was told a list without ${there.map((member) => latest(member, now))}`);
  }

  /** Somebody has come back who was away for so many milliseconds. */
  cameBack(away) {
    this.#of.away = Math.max(this.#of.away, away);
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
const CROSSED = ['redis', 'flush', 'hush', 'refuse', 'evict', 'partition', 'failover'];
// While these go on whoever is connected hears as ever: the others of a gateway that ends take up what it had.
const PROMPT = ['kill', 'roll'];
const ORDINARY = 500; // milliseconds, on a busy machine, from one gateway to another where nothing is away
const AWAY = 2_000; // milliseconds within which who comes back elsewhere has left no list, after a kill: a lease lasts from two to three seconds then

/** How long a message may take to another gateway that was said while that went wrong: `crossing` only where it has to take another way. */
export function mayTake(kind, crossing) {
  return kind.split('+').some((one) => [...CROSSED, 'database', 'stop'].includes(one)) ? crossing : Math.min(ORDINARY, crossing);
}

// Where gateways end nobody may leave a list whose line is whole and who comes back in time, and so with whatever else happens to lines.
const LINES = ['drops', 'cuts', 'delays', 'halfopen'];
const HELD = 5_000; // milliseconds after a gateway was told to end, for which it keeps on the lists whose connections it closes, at least
const isEnd = (kind) => kind.split('+').some((one) => PROMPT.includes(one)) && kind.split('+').every((one) => [...PROMPT, ...LINES].includes(one));

/**
 * Whether somebody must be on every list at `now`, in that kind of fault, which `begun` then. Redis takes nobody off who was there before it went, nor do
 * a kill and a restart (of which gateways were told at the times `restarts`) whoever comes back in time.
 */
function staysListed(kind, { joined, story = [] }, begun, now, restarts) {
  const last = story.findLast(({ what }) => /^(lost|recovered|connected)/.test(what));
  if (['redis', 'flush', 'hush', 'refuse', 'failover'].includes(kind)) return joined + SETTLED < begun && !(last?.at > begun - RETURN);
  if (!isEnd(kind)) return false;
  const lost = story.findLast(({ what }) => what.startsWith('lost'));
  if (!lost) return true;
  const kinds = kind.split('+');
  const killed = kinds.includes('kill') ? lost.at + AWAY : Infinity;
  const told = kinds.includes('roll') ? (restarts.findLast((at) => at <= lost.at) ?? lost.at) + HELD : Infinity;
  const over = Math.min(killed, told); // of both it may have been either
  return last === lost ? now < over : last.at < over || now - last.at > SETTLED;
}

/** What the gateways promise of this and did not keep: descriptions. Messages may take `crossing` milliseconds. */
export function broken({ kinds }, crossing) {
  return Object.entries(kinds).flatMap(([kind, of]) => [
    ...([...CROSSED, ...PROMPT].includes(kind) && of.crossing > crossing ? [`${kind}: a message took ${Math.round(of.crossing)} ms`] : []),
    ...(of.unseen > 0 ? [`${kind}: ${of.unseen} lists lacked somebody who was there`] : []),
    ...(of.inexact > 0 ? [`${kind}: ${of.inexact} lists were wrong in the calm after it`] : []),
  ]);
}
