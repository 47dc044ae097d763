// A few seconds of scripts/chaos, the seeds that once failed, and the judge itself.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Ledger } from './chaos/ledger.js';
import { Membership } from './chaos/membership.js';
import { passed, report } from './chaos/report.js';
import { run } from './chaos/run.js';
import { isGood, judge } from './chaos/verdict.js';
import { sideBySide, test } from './harness/test.js';

const SHORT = { seconds: 8, clients: 16, pace: 400 };

const kept = JSON.parse(readFileSync(new URL('chaos/seeds.json', import.meta.url)))
  .map((options) => ({ ...options, seconds: Math.min(options.seconds, SHORT.seconds) }));

sideBySide('nobody misses, doubles or reorders anything', () => {
  for (const options of [
    { seed: 11, database: 'sqlite', mode: 'multi', faults: ['drops', 'kill'], ...SHORT },
    { seed: 12, database: 'postgres', mode: 'single', faults: ['cuts', 'delays', 'halfopen', 'kill'], moves: 5_000, ...SHORT },
    { seed: 21, database: 'postgres', mode: 'multi', gateways: 3, redis: 'server', faults: ['kill', 'partition'], ...SHORT, seconds: 5 },
    ...kept,
  ]) {
    test(`seed ${options.seed}: ${options.faults.join(', ')} on ${options.database}, ${options.mode}, gateways: ${options.gateways ?? 1}`, async (t) => {
      const figures = await run(t, options);
      const line = report(options, figures);
      assert.ok(passed(options, figures), line);
      t.diagnostic(line);
    }, { timeout: 200_000 });
  }
});

/** A story of three messages in a room, of which somebody heard those at the places named. */
function story(places, { tamper = () => {}, leaves = false, gap, mayTake, stops } = {}) {
  const ledger = new Ledger();
  const membership = new Membership('room');
  membership.letIn();
  const rows = ['a', 'b', 'c'].map((id, i) => {
    const { text } = ledger.said('ann', 'room', i);
    const createdAt = `2026-01-01T00:00:00.00${i}Z`;
    ledger.told({ text, id, createdAt, roomId: 'room', userId: 'id-of-ann', user: { username: 'ann' } });
    return { id, text, createdAt, roomId: 'room', userId: 'id-of-ann' };
  });
  const messages = ledger.all();
  for (const [i, place] of places.entries()) {
    if (i === gap) membership.connects(false);
    membership.heard.push(messages[place]);
  }
  if (gap !== undefined) membership.letIn();
  if (leaves) membership.leaves();
  const person = {
    name: 'bob', habits: {}, memberships: [membership], uninvited: [], returns: { recovered: 0, anew: [] }, line: { portAt: () => 1 },
  };
  tamper({ ledger, membership, rows, messages, person });
  return judge({ ledger, people: [person], rows, mayTake, stops });
}

/** Somebody hears the first of three messages before the ack of the join, which comes before the last one is said. */
function lateAck(recoveries) {
  const early = new Membership('room');
  return story([], {
    tamper({ messages: [a, b, c], person }) {
      [a.said, b.said, c.said] = [1, 2, performance.now() + 1];
      early.heard.push(a);
      for (const recovered of recoveries) early.connects(recovered);
      early.letIn();
      early.heard.push(c);
      person.memberships = [early];
    },
  });
}

/** Somebody goes and comes back, and hears the first message in both times. */
const again = story([0, 1, 2], {
  tamper({ messages: [a], membership, person }) {
    const later = new Membership('room');
    later.heard.push(a);
    membership.leaves();
    person.memberships.push(later);
  },
});

/** A page that loses its session hears the first of three messages, and is connected again before it is told to be in the room. */
const lostTwice = story([], {
  tamper({ messages: [a, b, c], membership }) {
    membership.connects(false);
    membership.heard.push(a);
    membership.connects(true);
    [a, b].forEach((message) => (message.said = 1));
    membership.letIn();
    c.said = performance.now() + 1;
    membership.heard.push(c);
  },
});

/** Somebody asks to leave before the last two messages are told, and misses the first of them; the connection was lost meanwhile, or not. */
function leaveOnItsWay(connections) {
  return story([0], {
    tamper({ membership, messages: [, b, c] }) {
      membership.leaves();
      [b, c].forEach((message) => (message.told = performance.now() + 1));
      for (let i = 0; i < connections; i++) membership.connects(true);
      membership.heard.push(c);
    },
  });
}

const uninvited = ({ person, messages }) => person.uninvited.push(messages[0]);
const storedAgain = ({ rows }) => rows.push({ ...rows[2], id: 'd' });
const gone = ({ rows }) => rows.pop();
const ackedAndGone = ({ rows, messages }) => {
  rows.pop();
  messages[2].acked = true;
};
const ofAnotherTime = ({ rows }) => (rows[1].createdAt = '2026-01-01T00:00:00.0015Z');

for (const [what, figures, expected] of [
  ['what was heard once and in order is good', story([0, 1, 2]), {}],
  ['a message in the middle that never came is lost', story([0, 2]), { lost: 1 }],
  ['messages at the end that never came are lost', story([0]), { lost: 2 }],
  ['who heard nothing has lost all', story([]), { lost: 3 }],
  ['nothing is lost after a leave but what others had heard before it', story([0, 1], { leaves: true }), { lost: 1 }],
  ['where gateways are several, not what they had heard right before it', story([0], { leaves: true, mayTake: () => 1_000 }), {}],
  ['nor what took longer to others', story([0], { leaves: true, tamper: ({ messages }) => messages.forEach((message) => (message.crossed = 1_000)) }), {}],
  ['nor what was told while its gateway stood still', story([0], { leaves: true, stops: [{ port: 1, from: 0, to: performance.now() + 60_000 }] }), {}],
  ['but all while another one did', story([0], { leaves: true, stops: [{ port: 2, from: 0, to: performance.now() + 60_000 }] }), { lost: 2 }],
  ['nor what was on its way when its gateway stopped', story([0], {
    leaves: true, mayTake: () => 0.5, stops: [{ port: 1, from: performance.now() + 0.4, to: performance.now() + 60_000 }],
  }), {}],
  ['but what was told when it went on again', story([0], { leaves: true, stops: [{ port: 1, from: 0, to: 1 }] }), { lost: 2 }],
  ['nothing is due after a leave that was on its way when the connection was lost', leaveOnItsWay(1), {}],
  ['but all between what is heard where it was not', leaveOnItsWay(0), { lost: 1 }],
  ['a message that comes twice is doubled', story([0, 1, 1, 2]), { doubled: 1 }],
  ['nor must it come again after a leave and a join', again, { doubled: 1 }],
  ['a message behind a later one is out of order', story([0, 2, 1]), { disordered: 1 }],
  ['a page that was told to fetches what it missed meanwhile', story([0, 2], { gap: 1 }), { fetched: 1 }],
  ['and nothing that it missed later', story([0, 2], { gap: 2 }), { lost: 1 }],
  ['a message between the first that was heard and the ack of the join is due', lateAck([]), { lost: 1 }],
  ['but not if the connection was lost before the ack', lateAck([true]), {}],
  ['whether the session was taken up or not', lateAck([false, true]), {}],
  ['a page fetches the history once it is in the room again, whatever it heard meanwhile', lostTwice, { fetched: 1 }],
  ['who is told of a room that they are not in is uninvited', story([0, 1, 2], { tamper: uninvited }), { uninvited: 1 }],
  ['a row of the same text is stored twice, and to be heard as well', story([0, 1, 2], { tamper: storedAgain }), { twice: 1, lost: 1 }],
  ['an acked message without a row is missing', story([0, 1], { tamper: ackedAndGone }), { missing: 1 }],
  ['a message that was told and has no row is untrue', story([0, 1], { tamper: gone }), { untrue: 1 }],
  ['a row of another time is altered', story([0, 1, 2], { tamper: ofAnotherTime }), { altered: 1 }],
]) {
  test(`the judge: ${what}`, () => {
    const { said, acked, stored, due, heard, examples, ...others } = figures;
    const faults = Object.fromEntries(Object.entries(others).filter(([, value]) => value > 0));
    assert.deepEqual(faults, expected);
    assert.equal(isGood(figures), Object.keys(expected).length === 0);
  });
}
