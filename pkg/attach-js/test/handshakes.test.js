// What an app has for handshakes, beyond letting clients in: it is done as where Engine.IO answers them.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { until } = require('./waiting');
const { start } = require('./world');

/** Saves when the response ends, and lets it end once that is done, as express-session does. */
function saving(done) {
  return (request, response, next) => {
    const { end } = response;
    response.end = function (...args) {
      setImmediate(() => (done.push('saved'), end.apply(this, args)));
      return true;
    };
    for (const event of ['finish', 'close']) response.on(event, () => done.push(event));
    next();
  };
}

test('what a middleware does at the end of the response is done before a client that polls is answered; that of a WebSocket has no end', async (t) => {
  const { gateway, io, attached } = await start(t);
  const done = [];
  io.engine.use(saving(done));
  io.on('connection', () => {});
  await attached.ready;
  assert.equal((await gateway.ask({})).ok, true);
  assert.deepEqual(done.splice(0), ['saved', 'finish', 'close']);
  assert.equal((await gateway.ask({}, 'websocket')).ok, true);
  assert.deepEqual(done, []);
});

test('engine.use and allowRequest see the handshake, and their request is the socket\'s', async (t) => {
  const { gateway, io } = await start(t, {
    server: { allowRequest: (request, done) => done(request.headers.cookie ? null : 'no cookie', Boolean(request.headers.cookie)) },
  });
  io.engine.use((request, response, next) => {
    request.session = { user: 'ann' };
    response.setHeader('X-One', '1');
    next();
  });
  io.engine.on('initial_headers', (headers) => (headers['x-two'] = '2'));
  const users = [];
  io.on('connection', (socket) => users.push(socket.request.session.user));
  await until('the hello', () => gateway.hello && gateway.ready);
  assert.ok(gateway.hello.asks);
  const refused = await gateway.ask({});
  assert.deepEqual([refused.ok, refused.status, Buffer.from(refused.body, 'base64').toString()], [false, 403, '{"code":4,"message":"no cookie"}']);
  const allowed = await gateway.ask({ headers: [['Cookie', 'a=b']] });
  assert.deepEqual([allowed.ok, Object.fromEntries(allowed.headers)], [true, { 'x-one': '1', 'x-two': '2' }]);
  const client = gateway.connect({ asked: allowed.ask });
  client.say('0');
  await until('the connection', () => users.length === 1);
  assert.deepEqual(users, ['ann']);
});

test('the request has what apps read, and is an IncomingMessage', async (t) => {
  const { gateway, io } = await start(t);
  const { IncomingMessage } = require('node:http');
  const seen = new Promise((resolve) => io.on('connection', resolve));
  await until('the link', () => gateway.ready);
  gateway.connect({ url: '/socket.io/?EIO=4&transport=websocket&user=ann', headers: [['Host', 'h'], ['Cookie', 'a=1'], ['Cookie', 'b=2'], ['Origin', 'https://h']] }).say('0');
  const socket = await seen;
  assert.ok(socket.request instanceof IncomingMessage);
  assert.deepEqual({ ...socket.request.headers }, { host: 'h', cookie: 'a=1; b=2', origin: 'https://h' });
  const { query, address, secure, xdomain } = socket.handshake;
  assert.deepEqual([query.user, address, secure, xdomain], ['ann', '192.0.2.1', true, true]);
  assert.equal(socket.conn.transport.name, 'websocket');
});
