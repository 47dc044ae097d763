// One run: people talk in rooms while things go wrong, then all is repaired, and what they heard is held against the table.
import { later } from '../harness/test.js';
import { until } from '../harness/waiting.js';
import { Chronicle, mayTake } from './chronicle.js';
import { databases } from './databases.js';
import { rage } from './faults.js';
import { openLine, startGateways } from './gateways.js';
import { Ledger } from './ledger.js';
import { takeTurns } from './outages.js';
import { JOINS, Person, SENDS, TRANSPORTS } from './person.js';
import { Random } from './random.js';
import { keepStories } from './story.js';
import { judge } from './verdict.js';
import { calm, watch } from './watch.js';

const CALM = 60_000; // how long after the last fault everything may take to arrive, in milliseconds

/** What may be said of a run, and what is so where nothing is said. Everything else follows from the seed. */
export const DEFAULTS = {
  database: 'sqlite',
  mode: 'multi', // JOIN_MODE
  faults: ['drops'],
  seconds: 60, // of faults
  clients: 40,
  rooms: 4,
  gateways: 1, // several take turns in what goes wrong
  redis: 'server', // or sentinel; of several gateways
  crossing: 2_000, // milliseconds that a message may take from one to the other while Redis is away
  pace: 1_000, // milliseconds between two messages of a person, about
  moves: 0, // milliseconds between two moves of a person, about; 0: all stay where they are
};

/**
 * Runs it, and answers the figures of `judge` with what else was seen: `collapses`, `unanswered`, `refusals`, `starts`, `counters`, and
 * of several gateways their `chronicle`.
 */
export async function run(t, options) {
  const { seed, database: kind, mode, faults, seconds, clients, rooms: count, gateways, redis, crossing, pace, moves, logs } = { ...DEFAULTS, ...options };
  const random = new Random(seed);
  const chronicle = gateways > 1 ? new Chronicle() : undefined;
  const ledger = new Ledger(() => chronicle?.kind);
  const names = Array.from({ length: clients }, (_, i) => `p${i}`);
  const rooms = Array.from({ length: count }, (_, i) => `room-${i}`);
  const database = await databases[kind](t, { people: [...names, 'last'], rooms, faults });

  const stage = { database, chronicle, ...await startGateways(t, { count: gateways, kind: redis, logs, env: {
    DATABASE_URL: database.url, JOIN_MODE: mode, RATE_LIMIT: 0, LOG_LEVEL: logs ? 'debug' : 'info', PING_INTERVAL: '2s', PING_TIMEOUT: '2s',
  } }) };
  const { keepers } = stage;
  stage.lines = await Promise.all(names.map((_, i) => openLine(t, stage.balancer.route(i))));
  const multi = mode === 'multi';
  const people = names.map((name, i) => newPerson(t, {
    name, url: stage.lines[i].url, habits: habits(i), multi, random: random.stream(name), ledger, chronicle,
  }));
  people.forEach((one, i) => (one.line = stage.lines[i]));
  // One of each gateway stays in each room, and sees who is in it.
  if (chronicle) rooms.forEach((room, i) => people.slice(i * gateways, (i + 1) * gateways).forEach((one) => (one.watches = room)));
  watch(people, chronicle);
  await Promise.all(people.flatMap((one, i) => {
    if (one.watches) return [one.enter(one.watches)];
    const two = [rooms[i % count], rooms[(i + 1) % count]];
    return two.slice(0, multi && count > 1 ? 2 : 1).map((room) => one.enter(room));
  }));

  const busy = people.map((one) => one.talk(pace));
  if (moves > 0 && count > 2) busy.push(...people.filter(({ watches }) => !watches).map((one) => one.move(moves, rooms)));
  if (chronicle) await takeTurns(stage, faults, random, seconds * 1_000, () => calm(people, chronicle));
  else await rage(stage, faults, random, seconds * 1_000);
  for (const one of people) one.stop();
  const unanswered = await calmDown(t, { people, busy, rooms, ledger, keeper: keepers[0] });
  for (const one of people) one.socket.disconnect();
  for (const keeper of keepers) await keeper.stop();
  if (logs) await keepStories(logs, people, chronicle);

  return {
    ...judge({ ledger, people, rows: await database.rows(), mayTake: chronicle && (({ during }) => mayTake(during, crossing)), stops: chronicle?.stops, ends: keepers.flatMap(({ ends }) => ends).sort((a, b) => a - b) }),
    collapses: keepers.flatMap(({ collapses }) => collapses), starts: keepers.reduce((total, { starts }) => total + starts, 0),
    counters: sum(keepers.map(({ counters }) => counters.totals)), unanswered, refusals: sum(people.map((one) => one.refusals)), chronicle,
  };
}

/** Every mixture of habits is somebody's. */
function habits(i) {
  return { joins: JOINS[i % 2], transport: TRANSPORTS[(i >> 1) % 2], sends: SENDS[(i >> 2) % 4] };
}

function newPerson(t, options) {
  const one = new Person(options);
  later(t, () => one.socket.disconnect());
  return one;
}

/** Waits until all has been answered and heard, or for CALM. Answers what was not: descriptions. */
async function calmDown(t, { people, busy, rooms, ledger, keeper }) {
  let answered = false;
  void Promise.all(busy).then(() => (answered = true));
  const deadline = performance.now() + CALM;
  const inVain = [];
  const wait = async (what, condition) => {
    await until(what, condition, Math.max(5_000, deadline - performance.now())).catch((failure) => inVain.push(failure.message));
  };
  await wait('every answer', () => answered);
  await wait('everybody in their rooms', () => people.every((one) => one.settled));
  const url = `http://127.0.0.1:${keeper.port}`;
  const last = newPerson(t, { name: 'last', url, habits: { joins: 'once', transport: 'websocket', sends: 'id' }, ledger });
  for (const room of rooms) {
    const word = await lastWord(last, room, ledger);
    const members = people.filter((one) => one.rooms.includes(room));
    await wait(`the last word in ${room}`, () => members.every((one) => one.heard.lastIndexOf(word) >= 0));
  }
  last.socket.disconnect();
  return inVain;
}

/** Says a last thing in a room. Once somebody has heard it, everything before has been heard as well. */
async function lastWord(last, room, ledger) {
  await last.enter(room);
  await last.say(room);
  return ledger.all().at(-1);
}

function sum(counts) {
  const total = {};
  for (const one of counts) for (const [name, count] of Object.entries(one)) total[name] = (total[name] ?? 0) + count;
  return total;
}
