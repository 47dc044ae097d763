// The gateway's own handlers beside the app's: they come first, and the app's own socket.io server has every other event.
import assert from 'node:assert/strict';
import { ask, startApp, startAttachable, visit } from './harness/attached.js';
import { connect, hears, join, person, say } from './harness/people.js';
import { JWT_SECRET } from './harness/gateway.js';
import { MESSAGE_KEY } from './harness/database.js';
import { createDatabase } from './harness/database.js';
import { test } from './harness/test.js';
import { event, until } from './harness/waiting.js';

/** A gateway with handlers of its own, to which an app attaches. */
async function startBeside(t, env = {}) {
  const database = await createDatabase(t);
  const gateway = await startAttachable(t, { HANDLERS: 'gateway', DATABASE_URL: database.url, JWT_SECRET, MESSAGE_ENCRYPTION_KEY: MESSAGE_KEY, ...env });
  return Object.assign(gateway, { database });
}

test('join and send are the gateway\'s, every other event is the app\'s, and rooms are known to both', async (t) => {
  const gateway = await startBeside(t);
  const app = await startApp(t, gateway);
  const [ann, bob] = await Promise.all(['ann', 'bob'].map((name) => connect(t, gateway, name)));
  await join(ann, 'lobby');
  await join(bob, 'lobby');
  await say(ann, 'lobby', 'stored');
  await hears(bob, 'stored');
  assert.equal((await gateway.database.messages()).length, 1);

  const who = await ask(ann, 'who');
  assert.equal(who.id, ann.id);
  assert.equal(who.data.user.userId, person('ann').userId);
  assert.equal(who.data.user.username, 'ann');
  await until('the app to know the room', async () => (await ask(ann, 'who')).rooms.includes('lobby'));
  const typing = event(bob, 'typing');
  ann.emit('emit', 'lobby', 'typing', { by: 'ann' });
  assert.deepEqual(await typing, [{ by: 'ann' }]);
  assert.equal(app.all('connection').length, 2);

  await ask(bob, 'join', 'garden'); // by the app
  const heard = event(bob, 'news');
  ann.emit('emit', 'garden', 'news', 'a text');
  assert.equal((await heard)[0], 'a text');
  await say(bob, 'garden', 'where the app has put me');
  await hears(bob, 'where the app has put me');
});

test('a deploy of the app is not seen by clients, and the gateway\'s own events go on meanwhile', async (t) => {
  const gateway = await startBeside(t);
  const first = await startApp(t, gateway);
  const [ann, bob] = await Promise.all(['ann', 'bob'].map((name) => connect(t, gateway, name)));
  const endings = [];
  for (const one of [ann, bob]) one.on('disconnect', (reason) => endings.push(reason));
  await join(ann, 'lobby');
  await join(bob, 'lobby');
  await ask(ann, 'keep', { score: 7 });
  await first.kill('SIGTERM');
  await say(ann, 'lobby', 'while the app is away');
  await hears(bob, 'while the app is away');
  const asked = ask(ann, 'who');
  await startApp(t, gateway);
  const who = await asked;
  assert.deepEqual([who.id, who.data.score, who.rooms.includes('lobby')], [ann.id, 7, true]);
  assert.deepEqual(endings, []);
});

test('who is not let in by the gateway never comes to the app\'s handlers; other namespaces are the app\'s own', async (t) => {
  const gateway = await startBeside(t);
  const app = await startApp(t, gateway);
  const room = await visit(t, gateway, {}, '/room-7');
  assert.deepEqual(await ask(room, 'echo', { deep: [Buffer.from([1])] }), { deep: [Buffer.from([1])] });
  const stranger = room.io.socket('/');
  const [error] = await event(stranger, 'connect_error');
  assert.equal(error.message, 'Authentication error');
  assert.deepEqual(app.all('connection'), []);
});

test('without an app the gateway is what it was, and says so', async (t) => {
  const gateway = await startBeside(t);
  assert.match(await (await fetch(`${gateway.url}/readyz`)).text(), /^ready, but no app is attached/);
  const ann = await connect(t, gateway, 'ann');
  await join(ann, 'lobby');
  await say(ann, 'lobby', 'alone');
  await hears(ann, 'alone');
});
