// socket.io-client 2.5 beside 4.8, with ALLOW_EIO3: the same rooms, members, messages and acks.
import assert from 'node:assert/strict';
import WebSocket from 'ws';
import { startGateway } from './harness/gateway.js';
import { ask, connect, hears, join, person, say, sees, token, words } from './harness/people.js';
import { later, test } from './harness/test.js';
import { arrive, carrierOf, turnedAway, veteran } from './harness/veterans.js';
import { event, until, within } from './harness/waiting.js';
import { handshakeStatus } from './harness/wire.js';

const allow = (t, env) => startGateway(t, { ALLOW_EIO3: true, ...env });
const OLD = '/socket.io/?EIO=3&transport=';
const cookieOf = (name) => ({ cookie: `token=${token(person(name))}` });

for (const [how, transports] of Object.entries({ 'by WebSocket only': ['websocket'], 'as by default, polling first': undefined, 'by polling only': ['polling'] })) {
  test(`an old client ${how} chats with a new one, both ways`, async (t) => {
    const gateway = await allow(t, { POLLING: 'full' });
    const ann = await connect(t, gateway, 'ann');
    const old = await arrive(t, gateway, { as: 'bob', transports });
    await join(ann, 'lobby');
    const joined = await join(old, 'lobby');
    assert.deepEqual(joined.members.map((m) => m.username).sort(), ['ann', 'bob']);
    for (const socket of [ann, old]) await sees(socket, ['ann', 'bob']);
    for (const text of ['plain', 'hé€😀 ünïcode', '"quoted" <b>&amp; \\ \u2028', 'x'.repeat(20_000), '😀'.repeat(3_000)]) {
      const fromOld = await say(old, 'lobby', `old: ${text}`);
      assert.equal(fromOld.text, words(`old: ${text}`));
      assert.equal(fromOld.user.username, 'bob');
      const fromNew = await say(ann, 'lobby', `new: ${text}`);
      for (const socket of [ann, old]) {
        assert.deepEqual(await hears(socket, `old: ${text}`), fromOld);
        assert.deepEqual(await hears(socket, `new: ${text}`), fromNew);
      }
    }
    assert.deepEqual(old.messages, ann.messages, 'in the same order');
    assert.equal((await gateway.database.messages()).length, 10);
    if (!transports) await until('the upgrade', () => carrierOf(old) === 'websocket');
    old.disconnect();
    await sees(ann, ['ann']);
  });
}

test('POLLING=upgrade walks an old client to the WebSocket, with nothing lost on the way', async (t) => {
  const gateway = await allow(t);
  const ann = await connect(t, gateway, 'ann');
  await join(ann, 'lobby');
  const olds = await Promise.all(Array.from({ length: 10 }, (_, i) => arrive(t, gateway, `old${i}`)));
  await Promise.all(olds.map((old) => join(old, 'lobby')));
  for (let i = 0; i < 20; i++) await say(ann, 'lobby', `while they move ${i}`);
  for (const old of olds) {
    await hears(old, 'while they move 19');
    assert.deepEqual(old.messages.map((m) => m.text), ann.messages.map((m) => m.text));
    await until('the upgrade', () => carrierOf(old) === 'websocket');
    assert.deepEqual(old.endings, []);
  }
});

test('POLLING=off leaves old clients the WebSocket', async (t) => {
  const gateway = await allow(t, { POLLING: 'off' });
  assert.equal((await gateway.get(`${OLD}polling`, { headers: cookieOf('bob') })).body, '{"code":0,"message":"Transport unknown"}');
  await join(await arrive(t, gateway, { as: 'bob', transports: ['websocket'] }), 'lobby');
});

test('a person with old and new tabs is one member', async (t) => {
  const gateway = await allow(t);
  const ann = await connect(t, gateway, 'ann');
  const tab = await connect(t, gateway, 'bob');
  const old = await arrive(t, gateway, { as: 'bob', transports: ['websocket'] });
  for (const socket of [ann, tab, old]) await join(socket, 'lobby');
  await sees(ann, ['ann', 'bob']);
  tab.disconnect();
  await say(ann, 'lobby', 'still two');
  await hears(old, 'still two');
  await sees(ann, ['ann', 'bob']);
  old.io.engine.close();
  await sees(ann, ['ann']);
});

test('failures are the same: acks with a code, error events without an ack, unknown events', async (t) => {
  const gateway = await allow(t);
  const [old, ann] = [await arrive(t, gateway, { as: 'bob', transports: ['websocket'] }), await connect(t, gateway, 'ann')];
  for (const payload of [{ roomId: 'elsewhere', text: words('x') }, { text: 5 }, 'nothing', null, {}]) {
    assert.deepEqual(await ask(old, 'send_message', payload), await ask(ann, 'send_message', payload));
  }
  assert.deepEqual(await ask(old, 'made_up', 1), await ask(ann, 'made_up', 1));
  old.emit('send_message', { roomId: 'elsewhere', text: words('x') });
  ann.emit('send_message', { roomId: 'elsewhere', text: words('x') });
  await until('the errors', () => old.errors.length && ann.errors.length);
  assert.deepEqual(old.errors, ann.errors);
  await join(old, 'lobby');
});

test('who is not authenticated gets no session: 403 and the official form', async (t) => {
  const gateway = await allow(t);
  const { status, body } = await gateway.get(`${OLD}polling`);
  assert.deepEqual([status, body], [403, '{"code":4,"message":"Authentication error"}']);
  for (const options of [{}, { headers: { cookie: 'token=eyJ.bad.token' } }, { as: { ...person('bob'), exp: 1 } }, { query: { token: 'x' } }]) {
    assert.equal((await turnedAway(veteran(t, gateway, options))).description, 403);
    assert.match((await turnedAway(veteran(t, gateway, { ...options, transports: ['websocket'] }))).message, /websocket error/);
  }
});

test('the token may come by cookie, by header and in the query', async (t) => {
  const gateway = await allow(t);
  const bob = token(person('bob'));
  for (const options of [{ as: 'bob' }, { headers: { Authorization: `Bearer ${bob}` } }, { query: { token: bob } }]) {
    for (const transports of [undefined, ['websocket']]) {
      const { members } = await join(await arrive(t, gateway, { ...options, transports }), 'lobby');
      assert.deepEqual(members, [{ userId: 'id-of-bob', username: 'bob' }]);
    }
  }
});

test('without ALLOW_EIO3 an old client gets code 5', async (t) => {
  const gateway = await startGateway(t, { POLLING: 'full' });
  const { status, body } = await gateway.get(`${OLD}polling`, { headers: cookieOf('bob') });
  assert.deepEqual([status, body], [400, '{"code":5,"message":"Unsupported protocol version"}']);
  assert.equal((await turnedAway(veteran(t, gateway, { as: 'bob' }))).description, 400);
  assert.match((await turnedAway(veteran(t, gateway, { as: 'bob', transports: ['websocket'] }))).message, /websocket error/);
});

test('an old client is closed when its token expires, and comes back by itself', async (t) => {
  const gateway = await allow(t);
  const exp = Math.floor(Date.now() / 1000) + 3;
  const ann = await connect(t, gateway, 'ann');
  await join(ann, 'lobby');
  const olds = [];
  for (const transports of [undefined, ['websocket']]) {
    const old = await arrive(t, gateway, { as: { ...person('bob'), exp }, transports });
    await join(old, 'lobby');
    olds.push(old);
  }
  await sees(ann, ['ann', 'bob']);
  await sees(ann, ['ann'], 8_000);
  for (const old of olds) await until('the end', () => old.endings.length === 1 && old.endings[0] !== 'io server disconnect');
  const back = await arrive(t, gateway, { as: 'bob', transports: ['websocket'], reconnect: true });
  await join(back, 'lobby');
  back.io.engine.transport.ws.close();
  await event(back, 'reconnect');
  await join(back, 'lobby');
});

test('an old client that reads nothing is dropped, and the room does not wait for it', async (t) => {
  const gateway = await allow(t, { RATE_LIMIT: 0 });
  const [ann, bob] = [await connect(t, gateway, 'ann'), await arrive(t, gateway, { as: 'bob', transports: ['websocket'] })];
  const slow = await arrive(t, gateway, { as: 'slow', transports: ['websocket'] });
  for (const socket of [ann, bob, slow]) await join(socket, 'lobby');
  slow.io.engine.transport.ws._socket.pause();
  const pad = 'x'.repeat(50_000);
  let longest = 0;
  for (let i = 0; i < 200; i++) {
    const begun = performance.now();
    await say(ann, 'lobby', `loud ${i}`, { pad });
    longest = Math.max(longest, performance.now() - begun);
  }
  await hears(bob, 'loud 199');
  await sees(ann, ['ann', 'bob'], 10_000);
  assert.ok(longest < 5_000, `somebody waited ${longest} ms`);
  assert.equal(bob.messages.length, 200);
}, { timeout: 60_000 });

test('session ids can not be guessed, and bad requests make no session', async (t) => {
  const gateway = await allow(t, { POLLING: 'full' });
  const headers = cookieOf('bob');
  const ids = new Set();
  for (let i = 0; i < 20; i++) {
    const { status, body } = await gateway.get(`${OLD}polling&b64=1`, { headers });
    assert.equal(status, 200);
    const { sid, upgrades } = JSON.parse(body.slice(body.indexOf('{')));
    assert.match(sid, /^[\w-]{20}$/);
    assert.deepEqual(upgrades, ['websocket']);
    ids.add(sid);
  }
  assert.equal(ids.size, 20);
  for (const sid of ['1', '2', 'a', '__proto__', '0'.repeat(20)]) {
    assert.deepEqual(await gateway.get(`${OLD}polling&sid=${sid}`, { headers }), { status: 400, body: '{"code":1,"message":"Session ID unknown"}' });
    assert.equal(await handshakeStatus(t, gateway, { path: `${OLD}websocket&sid=${sid}` }), 400);
  }
  for (const [method, path, wanted] of [
    ['POST', `${OLD}polling`, 400], ['OPTIONS', `${OLD}polling`, 400], ['PUT', `${OLD}polling`, 400], ['GET', `${OLD}pigeon`, 400], ['GET', OLD, 400],
    ['GET', `${OLD}websocket`, 400], ['GET', `${OLD}polling&j=0`, 400], ['POST', `${OLD}polling&sid=`, 400]]) {
    const { status } = await gateway.get(path, { method, headers });
    assert.equal(status, wanted, `${method} ${path}`);
  }
  const foreign = await gateway.get(`${OLD}polling`, { headers: { ...headers, origin: 'https://evil.example' } });
  assert.equal(foreign.status, 403);
});

test('MAX_CONNECTIONS counts old and new clients together', async (t) => {
  const gateway = await allow(t, { MAX_CONNECTIONS: 2 });
  await connect(t, gateway, 'ann');
  const old = await arrive(t, gateway, { as: 'bob', transports: ['websocket'] });
  assert.equal((await gateway.get(`${OLD}polling`, { headers: cookieOf('cid') })).status, 503);
  old.disconnect();
  await until('a free place', async () => (await gateway.get(`${OLD}polling`, { headers: cookieOf('cid') })).status === 200);
});

test('garbage from an old client closes it, and nobody else', async (t) => {
  const gateway = await allow(t, { MAX_PAYLOAD: 10_000, SEND_QUEUE_BYTES: 100_000 });
  const [ann, bob] = [await connect(t, gateway, 'ann'), await arrive(t, gateway, { as: 'bob', transports: ['websocket'] })];
  for (const socket of [ann, bob]) await join(socket, 'lobby');
  for (const frame of ['', '4', '4x', '40', '42{}', '42["connect"]', '42["disconnect"]', '451-["a"]', '45999999-["a"]', '42["a]b', '47', Buffer.from([4, 1]), Buffer.alloc(0), `42["a","${'x'.repeat(20_000)}"]`]) {
    const wire = new WebSocket(`ws://${gateway.host}${OLD}websocket`, { headers: cookieOf('mallory') });
    later(t, () => wire.terminate());
    wire.on('error', () => {});
    const closed = new Promise((resolve) => wire.once('close', resolve));
    wire.on('message', (data) => data.toString() === '40' && wire.send(frame));
    if (frame === '451-["a"]') wire.on('message', (data) => data.toString() === '40' && wire.send('42["b"]'));
    await within(5_000, `the end after ${JSON.stringify(frame.toString().slice(0, 30))}`, closed);
  }
  await say(ann, 'lobby', 'all is well');
  await hears(bob, 'all is well');
  await sees(ann, ['ann', 'bob']);
});

test('a stop of the gateway closes old clients so that they come back', async (t) => {
  const gateway = await allow(t, { POLLING: 'full' });
  const olds = [await arrive(t, gateway, { as: 'ann', transports: ['websocket'] }), await arrive(t, gateway, { as: 'bob', transports: ['polling'] })];
  const ended = olds.map((old) => event(old, 'disconnect'));
  assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
  for (const [reason] of await Promise.all(ended)) assert.match(reason, /transport/, 'not told to stay away');
});
