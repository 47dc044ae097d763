// Examples that others have published, unchanged but for the line that scripts/proof has put in, with a deploy while people talk.
// What they keep in variables is gone after it, as after any restart: where that shows, the test says so.
import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { ask, startAttachable, visit } from '../harness/attached.js';
import { openBrowser } from '../harness/browser.js';
import { movedApp, prepared } from '../harness/moved.js';
import { startNginx } from '../harness/nginx.js';
import { freePort } from '../harness/ports.js';
import { startRedisAt } from '../harness/redis.js';
import { test } from '../harness/test.js';
import { event, until } from '../harness/waiting.js';

const POLLING_FIRST = { transports: ['polling', 'websocket'] };
const PATIENT = { timeout: 120_000 };

/** Starts an example, as `npm start` in its folder would. */
async function start(t, gateway, name, args, options = {}) {
  const app = movedApp(t, gateway, prepared(`examples/${name}`), args, { ...options, env: { PORT: await freePort(), ...options.env } });
  await app.start();
  return app;
}

/** All that a client hears, in order, by name. */
function hears(socket, name) {
  const heard = [];
  socket.on(name, (...what) => heard.push(what.length > 1 ? what : what[0]));
  return heard;
}

function undisturbed(...clients) {
  assert.deepEqual(clients.map((one) => [one.endings, one.known.length]), clients.map(() => [[], 1]), 'no disconnect');
}

test('chat: people talk over a deploy', async (t) => {
  const gateway = await startAttachable(t);
  const app = await start(t, gateway, 'chat', ['index.js']);
  const [ann, bob] = [await visit(t, gateway), await visit(t, gateway, POLLING_FIRST)];
  const [joined, typing, said] = [hears(ann, 'user joined'), hears(ann, 'typing'), hears(ann, 'new message')];
  for (const [one, name] of [[ann, 'ann'], [bob, 'bob']]) {
    const login = event(one, 'login');
    one.emit('add user', name);
    await login;
  }
  bob.emit('typing');
  bob.emit('new message', 'hello');
  await until('what bob said', () => said.length === 1);
  assert.deepEqual([joined, typing, said], [[{ username: 'bob', numUsers: 2 }], [{ username: 'bob' }], [{ username: 'bob', message: 'hello' }]]);

  await app.deploy(() => bob.emit('new message', 'meanwhile'));
  await until('what bob said meanwhile', () => said.length === 2);
  bob.emit('new message', 'after');
  await until('what bob said after the deploy', () => said.length === 3);
  assert.deepEqual(said.slice(1).map(({ message }) => message), ['meanwhile', 'after']);
  assert.deepEqual(said.slice(1).map(({ username }) => username), [undefined, undefined], 'its names are at socket.username, not in socket.data');
  undisturbed(ann, bob);
}, PATIENT);

test('whiteboard: who draws during a deploy is seen to have drawn', async (t) => {
  const gateway = await startAttachable(t);
  const app = await start(t, gateway, 'whiteboard', ['index']);
  const [ann, bob] = [await visit(t, gateway), await visit(t, gateway, POLLING_FIRST)];
  const drawn = hears(bob, 'drawing');
  const draw = (n) => ann.emit('drawing', { x0: n, y0: 0, x1: n + 1, y1: 1, color: 'black' });
  for (let n = 0; n < 10; n++) draw(n);
  await until('ten lines', () => drawn.length === 10);
  await app.deploy(() => {
    for (let n = 10; n < 30; n++) draw(n);
  });
  for (let n = 30; n < 40; n++) draw(n);
  await until('forty lines', () => drawn.length === 40);
  assert.deepEqual(drawn.map(({ x0 }) => x0), Array.from({ length: 40 }, (_, n) => n));
  undisturbed(ann, bob);
}, PATIENT);

test("whiteboard: its own page in Chromium through nginx, with the client that the app serves", async (t) => {
  const gateway = await startAttachable(t);
  const port = await freePort();
  const app = await start(t, gateway, 'whiteboard', ['index'], { env: { PORT: port } });
  const nginx = await startNginx(t, { gateways: [gateway.host], web: `127.0.0.1:${port}` });
  await appendFile(`${nginx.folder}/locations.conf`, 'location = /socket.io/socket.io.js { proxy_pass http://web; }\n');
  await nginx.reload();
  const { context } = await openBrowser(t);
  await context.route('**/favicon.ico', (route) => route.fulfill({ status: 204 }));
  const boards = [await board(context, nginx.url), await board(context, nginx.url)];
  const drawn = () => boards[1].page.evaluate(() => {
    const canvas = globalThis.document.querySelector('canvas');
    return canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.filter((byte) => byte > 0).length;
  });
  await stroke(boards[0], 100);
  await until('the first line', async () => (await drawn()) > 0);
  const before = await drawn();
  await app.deploy(() => stroke(boards[0], 200));
  await until('the line of the deploy', async () => (await drawn()) > 1.5 * before);
  await stroke(boards[0], 300);
  await until('the line after it', async () => (await drawn()) > 2.5 * before);
  assert.deepEqual(boards.map(({ opened, closed }) => [opened, closed]), [[1, 0], [1, 0]], 'one WebSocket each, still open');
}, PATIENT);

/** A page of the whiteboard, and how many of its WebSockets have opened and closed. */
async function board(context, url) {
  const one = { page: await context.newPage(), opened: 0, closed: 0 };
  one.page.on('websocket', (socket) => {
    one.opened++;
    socket.on('close', () => one.closed++);
  });
  await one.page.goto(url);
  await until('its WebSocket', () => one.opened === 1);
  return one;
}

/** A line from the left to the right. */
async function stroke({ page }, y) {
  await page.mouse.move(200, y);
  await page.mouse.down();
  await page.mouse.move(700, y, { steps: 10 });
  await page.mouse.up();
}

test('private messaging, with four processes and the Redis adapter: who has a session has it after a deploy', async (t) => {
  const gateway = await startAttachable(t);
  await startRedisAt(t, 6379);
  const app = await start(t, gateway, 'private-messaging/server', ['cluster.js'], { processes: 4 });
  const [ann, bob] = [await member(t, gateway, 'ann'), await member(t, gateway, 'bob', POLLING_FIRST)];
  const eve = await newcomer(t, gateway, { username: 'eve' });
  const got = hears(bob, 'private message');
  const sessions = [hears(ann, 'session'), hears(bob, 'session')];
  ann.emit('private message', { content: 'hello', to: bob.userID });
  await until('hello', () => got.length === 1);

  await app.deploy(() => ann.emit('private message', { content: 'meanwhile', to: bob.userID }));
  await until('what ann wrote meanwhile', () => got.length === 2);
  ann.emit('private message', { content: 'after', to: bob.userID });
  await until('what ann wrote after the deploy', () => got.length === 3);
  assert.deepEqual(got, ['hello', 'meanwhile', 'after'].map((content) => ({ content, from: ann.userID, to: bob.userID })));
  await until('sessions from the new processes', () => sessions.every((each) => each.length === 1));
  assert.deepEqual(sessions.flat().map(({ userID }) => userID), [ann.userID, bob.userID]);
  const sessionsOfEve = () => eve.told.filter(([name]) => name === 'session').map(([, { userID }]) => userID);
  await until('what eve is called now', () => sessionsOfEve().length === 2);
  assert.notEqual(sessionsOfEve()[1], eve.userID, 'whose handshake has no session yet is given another');
  ann.emit('private message', { content: 'still there?', to: eve.userID });
  await until('what ann wrote to the eve of before', () => eve.told.some(([, { content }]) => content === 'still there?'));
  undisturbed(ann, bob, eve);
}, PATIENT);

/** Somebody who has been there before, as the example's page keeps its session. */
async function member(t, gateway, username, options = {}) {
  const first = await newcomer(t, gateway, { username });
  first.disconnect();
  return newcomer(t, gateway, { sessionID: first.sessionID }, options);
}

async function newcomer(t, gateway, auth, options) {
  const socket = await visit(t, gateway, { auth, ...options });
  await until('its users', () => socket.told.some(([name]) => name === 'users')); // it listens from here on
  const [, session] = socket.told.find(([name]) => name === 'session');
  return Object.assign(socket, session);
}

test('the shared list of tasks: what is created during a deploy is answered, and seen by the others', async (t) => {
  const gateway = await startAttachable(t);
  const app = await start(t, gateway, 'basic-crud-application/server', ['-r', 'ts-node/register/transpile-only', 'lib/index.ts']);
  const [ann, bob] = [await visit(t, gateway), await visit(t, gateway, POLLING_FIRST)];
  const created = hears(bob, 'todo:created');
  const { data } = await ask(ann, 'todo:create', { title: 'milk', completed: false });
  assert.deepEqual(await ask(bob, 'todo:list'), { data: [{ id: data, title: 'milk', completed: false }] });
  assert.equal((await ask(ann, 'todo:create', { title: 1 })).error, 'invalid payload');
  let meanwhile;
  await app.deploy(() => {
    meanwhile = ask(ann, 'todo:create', { title: 'bread', completed: false });
  });
  assert.ok((await meanwhile).data);
  await until('both tasks', () => created.length === 2);
  assert.deepEqual(created.map(({ title }) => title), ['milk', 'bread']);
  assert.deepEqual((await ask(bob, 'todo:list')).data.map(({ title }) => title), ['bread'], 'its list is in memory');
  undisturbed(ann, bob);
}, PATIENT);

test('signalling: peers offer and answer over a deploy, once they have said who they are', async (t) => {
  const gateway = await startAttachable(t);
  const app = await start(t, gateway, 'signalling', ['server.js'], { env: { TOKEN: 'let me in' } });
  const auth = { token: 'let me in' };
  const [ann, bob] = [await visit(t, gateway, { auth }), await visit(t, gateway, { auth, ...POLLING_FIRST })];
  const peers = [[ann, 'ann', hears(ann, 'message')], [bob, 'bob', hears(bob, 'message')]];
  const [atAnn, atBob] = peers.map(([, , heard]) => heard);
  const present = async (total) => {
    for (const [socket, name] of peers) socket.emit('ready', name, 'caller');
    await until('both to know each other', () => peers.every(([, , heard]) => heard.filter(({ payload }) => payload?.action === 'open').length >= total));
  };
  const signal = (from, to, what) => from.emit('messageOne', { from: from === ann ? 'ann' : 'bob', target: to, payload: what });
  const signals = (heard) => heard.map(({ payload }) => payload).filter(({ action }) => action === undefined);
  await present(2);
  signal(ann, 'bob', { sdp: 'offer' });
  await until('the offer', () => signals(atBob).length === 1);
  signal(bob, 'ann', { sdp: 'answer' });
  await until('the answer', () => signals(atAnn).length === 1);

  await app.deploy(() => ann.emit('message', { from: 'ann', payload: { candidate: 1 } }));
  await until('the candidate that was sent meanwhile', () => signals(atBob).length === 2);
  await present(4); // who is who is in its memory
  signal(ann, 'bob', { sdp: 'another offer' });
  await until('the other offer', () => signals(atBob).length === 3);
  assert.deepEqual(signals(atBob), [{ sdp: 'offer' }, { candidate: 1 }, { sdp: 'another offer' }]);
  undisturbed(ann, bob);
}, PATIENT);
