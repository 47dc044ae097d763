// An app's own socket.io server behind the gateway, by @socketgate/attach: what its API promises, with the official client.
import assert from 'node:assert/strict';
import { ask, startApp, startAttachable, visit } from './harness/attached.js';
import { test } from './harness/test.js';
import { event, until } from './harness/waiting.js';
import msgpack from 'socket.io-msgpack-parser';

test('events, acks and binary go both ways, in namespaces and dynamic ones', async (t) => {
  const gateway = await startAttachable(t);
  const app = await startApp(t, gateway);
  const ann = await visit(t, gateway);
  await until('the app to say that she is connected', () => app.all('connection').length > 0);
  assert.deepEqual(app.all('connection'), [[ann.id, false, [ann.id, 'user:undefined'].sort(), {}]]);
  assert.equal((await ask(ann, 'who')).clients, 1);
  const room = await visit(t, gateway, {}, '/room-7');
  const bytes = Buffer.from([0, 255, 30, 52]);
  assert.deepEqual(await ask(room, 'echo', { deep: [bytes] }), { deep: [bytes] });
  const [error] = await event(room.io.socket('/nowhere'), 'connect_error');
  assert.equal(error.message, 'Invalid namespace');
});

test('the handshake is the client\'s own: headers, query, address, auth, transport', async (t) => {
  const gateway = await startAttachable(t);
  await startApp(t, gateway);
  const ann = await visit(t, gateway, { auth: { token: 'ann' }, query: { from: 'here' }, extraHeaders: { 'X-Agent': 'mine' } });
  const { address, ...rest } = await ask(ann, 'request');
  assert.match(address, /127\.0\.0\.1$/);
  assert.deepEqual(rest, { agent: 'mine', query: 'here', auth: { token: 'ann' }, transport: 'websocket' });
});

test('a middleware that refuses is heard as it said it', async (t) => {
  const gateway = await startAttachable(t);
  await startApp(t, gateway);
  const good = await visit(t, gateway);
  good.auth = { token: 'bad' };
  good.disconnect().connect();
  const [error] = await event(good, 'connect_error');
  assert.deepEqual([error.message, error.data], ['not you', { code: 7 }]);
});

test('clients that begin with polling are the same, and the app sees them upgrade', async (t) => {
  const gateway = await startAttachable(t);
  await startApp(t, gateway);
  const ann = await visit(t, gateway, { transports: ['polling', 'websocket'] });
  await until('the upgrade', async () => (await ask(ann, 'request')).transport === 'websocket');
  const bob = await visit(t, gateway, { transports: ['polling'] });
  assert.equal((await ask(bob, 'request')).transport, 'polling');
  const heard = event(bob, 'news');
  ann.emit('others', 'news', Buffer.from([1]));
  assert.deepEqual(await heard, [Buffer.from([1])]);
});

test('rooms, broadcasts, their acks, and orders to sockets', async (t) => {
  const gateway = await startAttachable(t);
  await startApp(t, gateway);
  const [ann, bob, cid] = await Promise.all(['ann', 'bob', 'cid'].map((token) => visit(t, gateway, { auth: { token } })));
  for (const [socket, name] of [[ann, 'ann'], [bob, 'bob'], [cid, 'cid']]) {
    socket.heard = [];
    socket.onAny((...args) => socket.heard.push(args.filter((arg) => typeof arg !== 'function')));
    socket.on('question', (answer) => answer(name));
    await ask(socket, 'keep', { name });
  }
  await ask(ann, 'join', 'a');
  await ask(bob, 'join', 'a');
  cid.emit('emit', 'a', 'to a', 1);
  cid.emit('emit', 'user:cid', 'to cid', 2); // a room of a middleware
  await until('what each is told', () => [ann, bob, cid].every((socket) => socket.heard.length > 0));
  assert.deepEqual([ann.heard, bob.heard, cid.heard], [[['to a', 1]], [['to a', 1]], [['to cid', 2]]]);
  assert.deepEqual(await ask(ann, 'ask everybody'), ['ann', 'bob', 'cid']);
  assert.deepEqual((await ask(ann, 'fetch', 'a')).map(([, name]) => name).sort(), ['ann', 'bob']);
  ann.emit('move', 'a', 'b');
  await until('both in b', async () => (await ask(ann, 'fetch', 'b')).length === 2);
  cid.emit('emit', 'b', 'to b');
  await until('both', () => ann.heard.at(-1)[0] === 'to b' && bob.heard.at(-1)[0] === 'to b');
  cid.emit('kick', 'user:bob', false);
  await until('the kick', () => bob.endings.length === 1);
  ann.emit('kick', 'user:cid', true);
  await until('the close', () => cid.endings.length === 1);
  assert.deepEqual([ann.endings, bob.endings, cid.endings], [[], ['io server disconnect'], ['io server disconnect']]);
});

test('an app with the msgpack parser works, its restart too', async (t) => {
  const gateway = await startAttachable(t);
  const app = await startApp(t, gateway, { APP_PARSER: 'msgpack' });
  const ann = await visit(t, gateway, { parser: msgpack });
  await ask(ann, 'join', 'a');
  await app.kill('SIGTERM');
  await startApp(t, gateway, { APP_PARSER: 'msgpack' });
  const heard = event(ann, 'bytes');
  ann.emit('emit', 'a', 'bytes', Buffer.from([1, 2]));
  assert.deepEqual([...(await heard)[0]], [1, 2]);
  assert.deepEqual([ann.endings, ann.known.length], [[], 1]);
});

test('allowRequest and engine.use decide before the handshake is answered, on the request that the socket keeps', async (t) => {
  const gateway = await startAttachable(t);
  const app = await startApp(t, gateway, { APP_COOKIE: 'pass=1' });
  const answer = await fetch(`${gateway.url}/socket.io/?EIO=4&transport=polling`);
  assert.deepEqual([answer.status, await answer.json()], [403, { code: 4, message: 'Forbidden' }]);
  const allowed = await fetch(`${gateway.url}/socket.io/?EIO=4&transport=polling`, { headers: { cookie: 'pass=1' } });
  assert.deepEqual([allowed.status, allowed.headers.get('x-app')], [200, String(app.pid)]);
  const ann = await visit(t, gateway, { extraHeaders: { cookie: 'pass=1' } });
  assert.equal((await ask(ann, 'request')).visits, 1);
});

test('preflights are answered by the app\'s cors option, from where ALLOWED_ORIGINS says', async (t) => {
  const gateway = await startAttachable(t, { ALLOWED_ORIGINS: 'https://app.example' });
  await startApp(t, gateway, { APP_CORS: JSON.stringify({ methods: ['GET', 'POST'], allowedHeaders: ['x-mine'], exposedHeaders: 'x-yours', maxAge: 600 }) });
  const preflight = async (origin) => {
    const headers = { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-asked' };
    const answer = await fetch(`${gateway.url}/socket.io/?EIO=4&transport=polling`, { method: 'OPTIONS', headers });
    return [answer.status, ...['origin', 'methods', 'headers'].map((name) => answer.headers.get(`access-control-allow-${name}`)),
      answer.headers.get('access-control-expose-headers'), answer.headers.get('access-control-max-age')];
  };
  assert.deepEqual(await preflight('https://app.example'), [204, 'https://app.example', 'GET,POST', 'x-mine', 'x-yours', '600']);
  assert.deepEqual(await preflight('https://evil.example'), [403, null, null, null, null, null]);
});

test('a client that polls is closed as natively: what was queued, then a noop and the close', async (t) => {
  const gateway = await startAttachable(t);
  const app = await startApp(t, gateway);
  const bob = await visit(t, gateway);
  const request = async (options) => (await fetch(url, options)).text();
  let url = `${gateway.url}/socket.io/?EIO=4&transport=polling`;
  url += `&sid=${JSON.parse((await request()).slice(1)).sid}`;
  await request({ method: 'POST', body: '40' });
  assert.match(await request(), /^40{"sid"/);
  await request({ method: 'POST', body: '4abc' }); // no packet
  await until('the end of its socket', () => app.all('disconnect').length === 1);
  await ask(bob, 'who'); // behind the close, on the same link
  assert.equal(await request(), '6\x1e1');
});

test('an app with another key gets nothing, and is told', async (t) => {
  const gateway = await startAttachable(t);
  const app = await startApp(t, { ...gateway, attachAt: gateway.attachAt, key: 'another-key-that-is-long-enough-0123456789' }, {}, { says: 'refused' });
  assert.deepEqual(app.all('refused'), [['bad_key']]);
});
