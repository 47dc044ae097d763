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
    ...kept,
  ]) {
    test(`seed ${options.seed}: ${options.faults.join(', ')} on ${options.database}, ${options.mode}`, async (t) => {
      const figures = await run(t, options);
      const line = report(options, figures);
      assert.ok(passed(options, figures), line);
      t.diagnostic(line);
    }, { timeout: 100_000 });
  }
});

/** A story of three messages in a room, of which somebody heard those at the places named. */
function story(places, { tamper = () => {}, leaves = false, gap } = {}) {
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
    if (i === gap) membership.loses();
    membership.heard.push(messages[place]);
  }
  if (gap !== undefined) membership.letIn();
  if (leaves) membership.leaves();
  const person = { name: 'bob', habits: {}, memberships: [membership], uninvited: [], returns: { recovered: 0, anew: [] } };
  tamper({ ledger, membership, rows, messages, person });
  return judge({ ledger, people: [person], rows });
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
  ['a message that comes twice is doubled', story([0, 1, 1, 2]), { doubled: 1 }],
  ['a message behind a later one is out of order', story([0, 2, 1]), { disordered: 1 }],
  ['a page that was told to fetches what it missed meanwhile', story([0, 2], { gap: 1 }), { fetched: 1 }],
  ['and nothing that it missed later', story([0, 2], { gap: 2 }), { lost: 1 }],
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
