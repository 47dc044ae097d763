// The gateway's own handlers first, the app's for every other event: one set of rooms, one verified identity.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { ask, startApp } from './harness/attached.js';
import { startGateway } from './harness/gateway.js';
import { connect, hears, join, person, say } from './harness/people.js';
import { later, test } from './harness/test.js';
import { event, until } from './harness/waiting.js';

/** The verified identity as the gateway gives it to the app, under all its names. */
const identity = (name) => ({ ...person(name), id: `id-of-${name}`, name });

async function startBoth(t) {
  const folder = await mkdtemp(path(tmpdir(), 'attach-'));
  later(t, () => rm(folder, { recursive: true, force: true }));
  const at = path(folder, 'attach.sock');
  const key = randomBytes(32).toString('base64');
  return Object.assign(await startGateway(t, { ATTACH_ADDR: at, ATTACH_KEY: key }), { attachAt: `unix:${at}`, key });
}

test('the app has what the gateway does not handle, with the verified identity and the same rooms', async (t) => {
  const gateway = await startBoth(t);
  const app = await startApp(t, gateway);
  const [ann, bob] = [await connect(t, gateway, 'ann'), await connect(t, gateway, 'bob')];
  await until('both', () => app.all('connection').length === 2);
  const [id, recovered, , data] = app.all('connection')[0];
  assert.deepEqual([id, recovered], [ann.id, false]);
  assert.deepEqual(data.user, identity('ann'));

  await join(ann, 'lobby');
  await join(bob, 'lobby');
  const { rooms, data: kept } = await ask(ann, 'who');
  assert.ok(rooms.includes('lobby') && rooms.includes(ann.id), `${rooms}`);
  assert.deepEqual(kept.user, identity('ann'));
  const heard = event(bob, 'typing');
  ann.emit('emit', 'lobby', 'typing', { who: 'ann' });
  assert.deepEqual(await heard, [{ who: 'ann' }]);
  await say(ann, 'lobby', 'hello');
  await hears(bob, 'hello');
  assert.equal((await gateway.database.messages()).length, 1, 'messages stay the gateway\'s affair');
});

test('a deploy of the app in the middle: nobody notices, neither for messages nor for its own events', async (t) => {
  const gateway = await startBoth(t);
  const first = await startApp(t, gateway);
  const [ann, bob] = [await connect(t, gateway, 'ann'), await connect(t, gateway, 'bob')];
  await join(ann, 'lobby');
  await join(bob, 'lobby');
  await ask(ann, 'keep', { mood: 'good' });
  await first.kill('SIGTERM');
  await say(ann, 'lobby', 'without an app');
  await hears(bob, 'without an app');
  const counted = event(ann, 'counted', 15_000);
  ann.emit('count', 1);
  const second = await startApp(t, gateway);
  assert.deepEqual(await counted, [1]);
  const { pid, data, rooms } = await ask(ann, 'who');
  assert.deepEqual([pid, data.mood, data.user, rooms.includes('lobby')], [second.pid, 'good', identity('ann'), true]);
  assert.deepEqual([ann.endings, bob.endings], [[], []]);
});
