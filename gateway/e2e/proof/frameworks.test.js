// Small apps in frameworks that have their own idea of a socket.io server, behind a gateway, with a deploy while people talk.
import assert from 'node:assert/strict';
import { io } from 'socket.io-client';
import { ask, startAttachable, visit } from '../harness/attached.js';
import { movedApp, prepared } from '../harness/moved.js';
import { freePort } from '../harness/ports.js';
import { later, test } from '../harness/test.js';
import { event, until, within } from '../harness/waiting.js';

const POLLING_FIRST = { transports: ['polling', 'websocket'] };

test('a Nest gateway with guards, answers and a controller that emits goes on over a deploy', async (t) => {
  const gateway = await startAttachable(t);
  const port = await freePort();
  const nest = movedApp(t, gateway, prepared('apps/nest'), ['dist/main.js'], { env: { PORT: port } });
  await nest.start();
  const [ann, bob] = [await visit(t, gateway, { auth: { name: 'ann' } }), await visit(t, gateway, { auth: { name: 'bob' }, ...POLLING_FIRST })];
  const [said, stored, left, refused] = [[], [], [], []];
  bob.on('said', (...what) => said.push(what));
  bob.on('left', (name) => left.push(name));
  ann.on('stored', (text) => stored.push(text));
  ann.on('exception', ({ message }) => refused.push(message));
  ann.emit('say', { room: 'a', text: 'too early' });
  await until('the guard', () => refused.length === 1);
  assert.deepEqual(await ask(ann, 'join', 'a'), [ann.id, 'a']);
  assert.deepEqual(await ask(bob, 'join', 'a'), [bob.id, 'a']);
  ann.emit('say', { room: 'a', text: 'hello' });
  await until('what ann said', () => said.length === 1 && stored.length === 1);
  const pid = await ask(ann, 'who');

  await nest.deploy(() => ann.emit('say', { room: 'a', text: 'meanwhile' }));
  await until('what ann said meanwhile', () => said.length === 2);
  assert.equal((await fetch(`http://127.0.0.1:${port}/shout/a/open`, { method: 'POST' })).status, 201);
  await until('what the site said', () => said.length === 3);
  assert.deepEqual(said, [['ann', 'hello'], ['ann', 'meanwhile'], ['the site', 'open']]);
  assert.deepEqual([stored, refused.length], [['hello', 'meanwhile'], 1]);
  assert.notEqual(await ask(ann, 'who'), pid);
  assert.deepEqual([ann, bob].map((one) => [one.endings, one.known.length]), [[[], 1], [[], 1]]);
  assert.deepEqual(ann.told.filter(([name]) => name === 'welcome'), [['welcome', 'ann']], 'nobody is welcomed twice');
  ann.disconnect();
  await until('that ann left', () => left.length === 1);
  assert.deepEqual(left, ['ann']);
}, { timeout: 120_000 });

test("Express's sessions are the sockets' own, before a deploy and after it", async (t) => {
  const gateway = await startAttachable(t);
  const port = await freePort();
  const express = movedApp(t, gateway, prepared('apps/express'), ['main.js'], { env: { PORT: port, SESSIONS: `${gateway.folder}/sessions.json` } });
  await express.start();
  const site = (path, headers) => fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers });
  const cookie = (await site('/login/ann')).headers.getSetCookie()[0].split(';')[0];
  const [ann, polling] = [await visit(t, gateway, { extraHeaders: { cookie } }), await visit(t, gateway, { extraHeaders: { cookie }, transports: ['polling'] })];
  const stranger = io(gateway.url, { forceNew: true, reconnection: false });
  later(t, () => stranger.disconnect());
  assert.equal((await event(stranger, 'connect_error'))[0].message, 'log in first');
  assert.deepEqual(await asked(ann, 'count'), ['ann', 1]);
  assert.deepEqual(await asked(polling, 'count'), ['ann', 2]);

  let meanwhile;
  await express.deploy(() => {
    meanwhile = asked(ann, 'count');
  });
  assert.deepEqual(await meanwhile, ['ann', 3]);
  assert.deepEqual(await asked(polling, 'count'), ['ann', 4]);
  const shouts = [event(ann, 'shouted'), event(polling, 'shouted')];
  assert.equal((await site('/shout/hello', { cookie })).status, 204);
  assert.deepEqual(await Promise.all(shouts), [['ann', 'hello'], ['ann', 'hello']]);
  assert.deepEqual([ann, polling].map((one) => [one.endings, one.known.length]), [[[], 1], [[], 1]]);
  await site('/logout', { cookie });
  await until('the end of the session for both', () => ann.endings.length + polling.endings.length === 2);
  assert.deepEqual([ann.endings, polling.endings], [['io server disconnect'], ['io server disconnect']]);
}, { timeout: 120_000 });

/** All arguments of an answer. */
function asked(socket, name) {
  return within(10_000, `the answer to ${name}`, new Promise((resolve) => socket.emit(name, (...answer) => resolve(answer))));
}
