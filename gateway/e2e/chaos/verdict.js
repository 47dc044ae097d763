// Holds what people heard against what the table kept.

const EXAMPLES = 40; // at most

/**
 * Judges a run. `rows` are what the table holds: {id, text (in plaintext), userId, roomId, createdAt (ISO)}. Answers figures, and
 * `examples` of whatever should not be. `ends` are the times when the gateway ended, for the examples. `mayTake` answers how long a message may
 * take, in milliseconds, from the gateway where somebody has heard it to the one where somebody else leaves the room; it may take as long as it took
 * to others, or, for whoever leaves at a gateway that stood still meanwhile (`stops`: {port, from, to}), until that has read on.
 */
export function judge({ ledger, people, rows, ends = [], mayTake = () => 0, stops = [] }) {
  const examples = [];
  const example = (what) => examples.length < EXAMPLES && examples.push(what);
  const called = ({ name, habits }) => `${name} (${Object.values(habits).join(', ')})`;
  const fault = (what, { text, room, during }, who) => {
    example(`${what}: ${text} in ${room}${during ? `, said in ${during}` : ''}${who ? `, ${called(who)}` : ''}`);
  };
  const figures = {
    said: ledger.all().filter(({ copies }) => copies).length, acked: 0, stored: rows.length, // messages
    due: 0, heard: 0, fetched: 0, lost: 0, doubled: 0, disordered: 0, uninvited: 0, // deliveries
    missing: 0, twice: 0, unsaid: 0, untrue: 0, altered: ledger.altered.length, unsorted: 0, // messages that should not be so
    recovered: 0, anew: 0, examples, // comings back
  };
  const rooms = histories(ledger, rows, figures, fault);
  /** When a message was known at the gateway with that port, at the latest. */
  const known = (port) => {
    const still = stops.filter((stop) => stop.port === port);
    return (message) => {
      const { told, crossed } = message;
      const took = Math.max(mayTake(message), crossed);
      return still.reduce((latest, { from, to }) => (from <= told + took && told <= to ? Math.max(latest, to + took) : latest), told + took);
    };
  };
  for (const message of ledger.all()) {
    if (message.acked) figures.acked++;
    for (const copy of message.copies?.values() ?? []) {
      if (copy.place === undefined) continue;
      figures.twice++;
      fault(`stored as ${message.id} and ${copy.id}`, message);
    }
    if (message.acked && message.place === undefined) figures.missing++, fault('acked and not stored', message);
    else if (message.told < Infinity && message.place === undefined) figures.untrue++, fault('told and not stored', message);
  }
  for (const person of people) {
    figures.recovered += person.returns.recovered;
    figures.anew += person.returns.anew.length;
    figures.uninvited += person.uninvited.length;
    for (const message of person.uninvited) {
      const left = person.memberships.findLast((membership) => membership.room === message.room && membership.left < message.said)?.left;
      fault(`heard outside its room (left ${beforeAnEnd(left, ends)})`, message, person);
    }
    judgeReturns(person, figures, fault);
    for (const membership of person.memberships) {
      const left = known(person.line?.portAt(membership.leaveAsked));
      judgeMembership(membership, rooms.get(membership.room) ?? new History(), left, figures, (what, message) => {
        fault(`${what} (joined ${beforeAnEnd(membership.joined, ends)})${told(person, message)}`, message, person);
      });
    }
  }
  const anew = people.flatMap((person) => person.returns.anew.map((heard) => `began anew: ${called(person)}, after hearing ${heard}`));
  examples.push(...anew.slice(0, 10)); // of which some are no fault
  examples.push(...ledger.altered.slice(0, 10).map((what) => `altered: ${what}`));
  return figures;
}

/** What became of somebody's connection and rooms before and after a message was said. */
function told({ story = [] }, { said }) {
  const near = story.filter(({ at }) => at > said - 20_000 && at < said + 9_000).map(({ at, what }) => `${what} at ${Math.round(at - said)} ms`);
  return near.length > 0 ? ` [${near.join(', ')}]` : '';
}

/** How long before the next end of the gateway something was acked, in words: what is not saved by then is lost. */
function beforeAnEnd(time, ends) {
  const next = ends.find((end) => end > time);
  return next ? `${Math.round(next - time)} ms before an end of the gateway` : 'after all ends of the gateway';
}

/** The rooms' histories as the app reads them, by createdAt. Each message gets its place. */
function histories(ledger, rows, figures, fault) {
  const rooms = new Map();
  const byTime = rows.toSorted((a, b) => compare(a.createdAt, b.createdAt) || compare(a.id, b.id));
  const latest = new Map();
  for (const row of byTime) {
    const message = ledger.find(row.text, row.id);
    if (!message) {
      figures.unsaid++;
      continue;
    }
    message.createdAt ??= row.createdAt;
    if (message.createdAt !== row.createdAt || message.room !== row.roomId || row.userId !== `id-of-${message.by}`) {
      figures.altered++;
      fault(`told as of ${message.createdAt}, stored as of ${row.createdAt}`, message);
    }
    if (row.id < latest.get(message.room)) figures.unsorted++;
    latest.set(message.room, row.id);
    if (!rooms.has(message.room)) rooms.set(message.room, new History());
    rooms.get(message.room).add(message);
  }
  return rooms;
}

const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

class History {
  messages = [];
  #latestSaid = []; // of the messages so far

  add(message) {
    message.place = this.messages.length;
    this.messages.push(message);
    this.#latestSaid.push(Math.max(this.#latestSaid.at(-1) ?? 0, message.said));
  }

  /** The place of the first message that can only have been stored after a time: it was said later. All that follow were, too. */
  after(time) {
    return firstPlace(this.messages.length, (place) => this.#latestSaid[place] > time);
  }

  /** The place of the last message that was `known` before a time. All before it were, too. Before Infinity that is the last of all. */
  before(time, known) {
    return time === Infinity ? this.messages.length - 1 : this.messages.findLastIndex((message) => known(message) < time);
  }
}

/** The first place below length for which it is so, if it is so for all that follow. */
function firstPlace(length, isSo) {
  let [low, high] = [0, length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isSo(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** What was heard in a room before a leave must not come again in a later time there, whatever is replayed. */
function judgeReturns({ memberships, ...person }, figures, fault) {
  const before = new Set();
  for (const { heard } of memberships) {
    const again = new Set(heard.filter((message) => before.has(message)));
    figures.doubled += again.size;
    for (const message of again) fault('heard again after a leave', message, person.habits && person);
    for (const message of heard) before.add(message);
  }
}

/**
 * From the first message heard, or said after the ack of the join, every one is due until the leave: once and in order. What was heard
 * before the connection was lost on which the join was to be acked promises nothing, nor does what was heard after the one was lost on which
 * the leave was.
 */
function judgeMembership({ joined, leaveAsked, heard, unpromised, promised, gaps }, history, known, figures, fault) {
  const seen = new Set();
  let latest = -1;
  for (const [i, message] of heard.entries()) {
    if (message.place === undefined) continue; // counted as untrue
    if (seen.has(message.place)) {
      figures.doubled++;
      fault(`heard twice (${heard.indexOf(message)} and ${i} of ${heard.length}, new sessions after ${gaps.map(({ after }) => after)})`, message);
      continue;
    }
    seen.add(message.place);
    if (message.place < latest) {
      figures.disordered++;
      fault('heard after a later one', message);
    }
    latest = Math.max(latest, message.place);
  }
  let first = history.after(joined);
  for (const { place } of heard.slice(unpromised)) first = Math.min(first, place ?? Infinity);
  const latestPromised = heard.slice(0, promised).reduce((most, { place = -1 }) => Math.max(most, place), -1);
  const last = joined === Infinity ? latest : Math.max(latestPromised, history.before(leaveAsked, known));
  const fetched = whatPagesFetch(heard, gaps);
  const before = figures.lost;
  for (const place of seen) if (place >= first && place <= last) figures.heard++;
  figures.due += Math.max(0, last - first + 1);
  for (let place = first; place <= last; place++) {
    if (seen.has(place)) continue;
    const message = history.messages[place];
    if (fetched(message)) figures.fetched++;
    else if (figures.lost++ === before) fault('never heard, maybe with others', message);
  }
}

/** A page that was not recovered loads the history once it has joined again: what is older than that, and follows what it had. */
function whatPagesFetch(heard, gaps) {
  const spans = gaps.map(({ after, until }) => ({
    low: heard[after - 1]?.place ?? -1,
    high: heard[after]?.place ?? Infinity,
    until,
  }));
  return ({ place, said }) => spans.some(({ low, high, until }) => place > low && place < high && said < until);
}

/** Whether nothing is wrong. Of those who came back, at most the share `reloads` may have had to load the history. */
export function isGood(figures, { reloads = 0 } = {}) {
  const { due, recovered, anew } = figures;
  const none = ['lost', 'doubled', 'disordered', 'uninvited', 'missing', 'twice', 'unsaid', 'untrue', 'altered'];
  if (reloads === 0) none.push('fetched');
  return due > 0 && anew <= reloads * (recovered + anew) && none.every((name) => figures[name] === 0);
}
