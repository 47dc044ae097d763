// What scripts/chaos says of several gateways: its chronicle, on made-up stories that must fail, and the proxy that it plays.
import assert from 'node:assert/strict';
import { Balancer } from './chaos/balancer.js';
import { Chronicle, broken, mayTake } from './chaos/chronicle.js';
import { parse } from './chaos/options.js';
import { passed } from './chaos/report.js';
import { test } from './harness/test.js';

const LIMIT = 2_000;

/** What is broken by what happens in a kind of fault. */
function brokenIn(kind, happens) {
  const chronicle = new Chronicle();
  chronicle.begins(kind, 5_000);
  happens(chronicle);
  return broken(chronicle, LIMIT);
}

const late = (milliseconds, since = 0) => (chronicle) => chronicle.heard({ told: 10_000, text: 'late' }, since, 10_000 + milliseconds);
const story = (lost, back) => [{ at: lost, what: 'lost (transport close)' }, ...(back ? [{ at: back, what: 'recovered' }] : [])];
const BOB = { name: 'bob', joined: 1_000, leaveAsked: Infinity };
const without = (member) => (chronicle) => chronicle.listed('ann', 'room', new Set(['ann']), [member], 10_000);

const restarted = (at, happens) => (chronicle) => (chronicle.restarts.push(at), happens(chronicle));

for (const [what, found, faults] of [
  ['a message that takes long while Redis is away is a fault', brokenIn('redis', late(2_500)), 1],
  ['and while one gateway can not reach it', brokenIn('partition', late(2_500)), 1],
  ['and while gateways are killed', brokenIn('kill', late(2_500)), 1],
  ['and restarted', brokenIn('roll', late(2_500)), 1],
  ['but not while it is the gateway that stands still', brokenIn('stop', late(2_500)), 0],
  ['nor is one that crosses in time', brokenIn('redis', late(1_500)), 0],
  ['nor one for somebody who was not connected when it was told', brokenIn('redis', late(2_500, 11_000)), 0],
  ['a list in a rolling restart that lacks somebody is a fault', brokenIn('roll', without(BOB)), 1],
  ['and one that lacks who is away for less than it is held', brokenIn('roll', restarted(5_100, without({ ...BOB, story: story(6_000) }))), 1],
  ['and who was away for less', brokenIn('roll', restarted(5_100, without({ ...BOB, story: story(6_000, 9_900) }))), 1],
  ['but not who has been away for longer', brokenIn('roll', restarted(4_900, without({ ...BOB, story: story(6_000) }))), 0],
  ['nor who was, and is back since a moment ago', brokenIn('roll', restarted(3_900, without({ ...BOB, story: story(4_000, 9_000) }))), 0],
  ['but who is back for long is a fault', brokenIn('roll', restarted(2_000, without({ ...BOB, story: story(2_000, 7_500) }))), 1],
  ['nor one that lacks who has asked to leave', brokenIn('roll', without({ ...BOB, leaveAsked: 9_000 })), 0],
  ['nor who was let in a moment ago', brokenIn('roll', without({ ...BOB, joined: 9_500 })), 0],
  ['nor one that has all', brokenIn('roll', (chronicle) => chronicle.listed('ann', 'room', new Set(['bob']), [BOB], 10_000)), 0],
  ['nor is one without somebody whose line broke a moment ago', brokenIn('roll+drops', without({ ...BOB, brokenAt: 5_000 })), 0],
  ['but one without somebody else while lines break is', brokenIn('roll+drops', without(BOB)), 1],
  ['a list that lacks somebody after a kill is a fault', brokenIn('kill', without(BOB)), 1],
  ['and who was away for a moment', brokenIn('kill', without({ ...BOB, story: story(7_000, 8_500) })), 1],
  ['and who has only just lost the connection', brokenIn('kill', without({ ...BOB, story: story(9_000) })), 1],
  ['but not who was away for longer', brokenIn('kill', without({ ...BOB, story: story(6_000, 8_500) })), 0],
  ['unless they have been back for long', brokenIn('kill', without({ ...BOB, story: story(2_000, 7_000) })), 1],
  ['nor who is still away', brokenIn('kill', without({ ...BOB, story: story(6_000) })), 0],
  ['of a kill in a rolling restart one is a fault that lacks somebody', brokenIn('kill+roll', without(BOB)), 1],
  ['and one that lacks who was away for a moment', brokenIn('kill+roll', restarted(6_900, without({ ...BOB, story: story(7_000, 8_500) }))), 1],
  ['but not who was away for longer, since a kill may have been why', brokenIn('kill+roll', restarted(5_900, without({ ...BOB, story: story(6_000, 8_500) }))), 0],
  ['a list without somebody while Redis is away is a fault', brokenIn('redis', without(BOB)), 1],
  ['and after a failover', brokenIn('failover', without(BOB)), 1],
  ['but not if they came when it was gone', brokenIn('redis', without({ ...BOB, joined: 6_000 })), 0],
  ['nor if they lost their connection then', brokenIn('flush', without({ ...BOB, story: story(4_000, 4_100) })), 0],
  ['a list without somebody whose gateway stands still is counted, and no fault', brokenIn('stop', without(BOB)), 0],
  ['a list that is wrong in the calm is a fault, whatever was before', brokenIn('kill', (chronicle) => chronicle.calm(['too many'], 0)), 1],
]) {
  test(`the chronicle: ${what}`, () => assert.equal(found.length, faults, found.join()));
}

test('a message may take long to another gateway only where Redis, the database or the gateway is away', () => {
  for (const [kind, most] of [['redis', 2_000], ['kill+database', 2_000], ['stop', 2_000], ['kill', 500], ['roll+drops', 500], ['nothing', 500]]) {
    assert.equal(mayTake(kind, LIMIT), most, kind);
  }
});

const GOOD = {
  due: 1, recovered: 1, anew: 0, lost: 0, doubled: 0, disordered: 0, uninvited: 0, missing: 0, twice: 0, unsaid: 0, untrue: 0, altered: 0,
  fetched: 0, unsorted: 0, collapses: [], unanswered: [], chronicle: new Chronicle(),
};

test('a run of several gateways passes only if the ids are in the order of the history and nothing of the chronicle is broken', () => {
  assert.ok(passed({}, GOOD));
  assert.ok(!passed({}, { ...GOOD, unsorted: 1 }));
  const chronicle = new Chronicle();
  chronicle.begins('roll');
  without(BOB)(chronicle);
  assert.ok(!passed({}, { ...GOOD, chronicle }));
  assert.ok(!passed({}, { ...GOOD, lost: 1 }));
});

test('the proxy sends a client to its own gateway, to the next while that is left out, and to it if all are', () => {
  const balancer = new Balancer([1, 2, 3]);
  const route = balancer.route(4);
  assert.deepEqual(route.ports(), [2, 3, 1]);
  route.failed(2);
  assert.deepEqual(route.ports(), [3, 1]);
  assert.deepEqual(balancer.route(0).ports(), [1, 3]);
  for (const port of [1, 3]) balancer.leaveOut(port, 60_000);
  assert.deepEqual(route.ports(), [2, 3, 1]);
});

test('the run cluster is of three gateways on Postgres, and knows what may go wrong with them', () => {
  const { runs: [options] } = parse(['cluster', '-seed', '1']);
  assert.equal(options.gateways, 3);
  assert.equal(options.database, 'postgres');
  assert.ok(options.faults.includes('partition') && !options.faults.includes('failover'));
  assert.deepEqual(parse(['sentinel', '-faults', 'failover,kill']).runs[0].faults, ['failover', 'kill']);
  assert.throws(() => parse(['cluster', '-faults', 'failover']), /failover is none of/);
  assert.throws(() => parse(['kill', '-faults', 'roll']), /roll is none of/);
});
