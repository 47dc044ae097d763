// What this package keeps of a client is small, and looks like what socket.io makes of one by itself.
const assert = require('node:assert/strict');
const { IncomingMessage } = require('node:http');
const { PerformanceObserver } = require('node:perf_hooks');
const { mock, test } = require('node:test');
const { Server } = require('socket.io');
const { io: connect } = require('socket.io-client');
const { attach } = require('../dist');
const { Few } = require('../dist/few');
const { Trimmer, collectYoung } = require('../dist/trim');
const { SimulatedGateway } = require('./simulated');
const { until } = require('./waiting');

async function start(t, options = {}) {
  const gateway = await new SimulatedGateway().listen();
  t.after(() => gateway.close());
  const io = new Server(options);
  attach(io, { key: 'key', signals: false, linger: 0, log() {}, url: gateway.url });
  t.after(() => io.close());
  const sockets = [];
  io.on('connection', (socket) => sockets.push(socket));
  await until('the gateway to be dialled', () => gateway.ready);
  return { gateway, io, sockets };
}

/** A client that says CONNECT, and its socket. The first of a class of sockets is made before the class is known. */
async function join({ gateway, sockets }, head, connectPacket = '0') {
  const before = sockets.length;
  const client = gateway.connect(head);
  client.say(connectPacket);
  return { client, socket: await until('the connection', () => sockets.length > before && sockets.at(-1)) };
}

/** The same client's socket by socket.io itself, and behind a gateway. */
async function both(t) {
  const alone = new Server(0);
  t.after(() => alone.close());
  const seen = new Promise((resolve) => alone.on('connection', resolve));
  const url = `http://127.0.0.1:${alone.httpServer.address().port}`;
  const client = connect(url, { transports: ['websocket'], query: { user: 'ann' }, auth: { token: 'secret' }, extraHeaders: { Cookie: 'a=1; b=2', Origin: 'https://h', 'X-Name': 'ann' } });
  t.after(() => client.close());
  const native = await seen;
  const { rawHeaders } = native.request;
  const headers = rawHeaders.flatMap((name, i) => (i % 2 ? [] : [[name, rawHeaders[i + 1]]]));
  const attached = await start(t);
  await join(attached);
  const { socket } = await join(attached, { url: native.request.url, headers }, '0{"token":"secret"}');
  return { native, socket };
}

test('what apps read of a handshake is what socket.io gives by itself', async (t) => {
  const { native, socket } = await both(t);
  assert.deepEqual(Object.keys(socket.handshake), Object.keys(native.handshake));
  const own = ({ handshake: { time, issued, address, secure, headers, ...rest } }) => ({ ...rest, headers: { ...headers } });
  assert.deepEqual(own(socket), own(native));
  assert.equal(socket.handshake.time, String(new Date(socket.handshake.issued)));
  assert.ok(Math.abs(socket.handshake.issued - Date.now()) < 60_000);
  assert.deepEqual([socket.handshake.address, socket.handshake.secure], ['192.0.2.1', true]);
  assert.deepEqual(JSON.parse(JSON.stringify(socket.handshake)), { ...socket.handshake });
  assert.deepEqual(structuredClone({ ...socket.handshake }), { ...socket.handshake });
});

test('what apps change of a handshake stays, for this client only, and is the request\'s where it is the request\'s by itself', async (t) => {
  const attached = await start(t);
  await join(attached);
  const [one, other] = [await join(attached), await join(attached)];
  const { handshake, request } = one.socket;
  assert.equal(handshake.headers, request.headers);
  assert.equal(handshake.query, request._query);
  handshake.query.room = 'a';
  handshake.headers['x-user'] = 'ann';
  handshake.address = '198.51.100.7';
  handshake.user = { name: 'ann' };
  assert.deepEqual([one.socket.handshake.query.room, request.headers['x-user'], one.socket.handshake.address], ['a', 'ann', '198.51.100.7']);
  assert.ok(Object.keys(handshake).includes('user'));
  const { query, headers, address } = other.socket.handshake;
  assert.deepEqual([query.room, headers['x-user'], address], [undefined, undefined, '192.0.2.1']);
});

test('the request has what apps read, is an IncomingMessage, and keeps what middlewares put on it', async (t) => {
  const { native, socket } = await both(t);
  const { request } = socket;
  assert.ok(request instanceof IncomingMessage);
  for (const name of ['method', 'url', 'httpVersion', 'httpVersionMajor', 'httpVersionMinor', 'rawHeaders', '_query']) {
    assert.deepEqual({ ...request[name] }, { ...native.request[name] }, name);
    assert.equal(typeof request[name], typeof native.request[name]);
  }
  assert.equal(request.headers.cookie, 'a=1; b=2');
  assert.deepEqual([request.connection, request.socket.remoteAddress, request.socket.remoteFamily], [request.socket, '192.0.2.1', 'IPv4']);
  request.session = { user: 'ann' };
  request.url = '/other';
  request.headers = { host: 'h' };
  assert.deepEqual([socket.request.session.user, socket.request.url, socket.request.headers], ['ann', '/other', { host: 'h' }]);
  assert.equal(Object.create(request).method, 'GET'); // as some wrap it
});

test('an app that discards the request, as socket.io advises, has what is known without it', async (t) => {
  const attached = await start(t);
  await join(attached);
  attached.io.engine.on('connection', (connection) => delete connection.request);
  const { socket: { handshake, request } } = await join(attached);
  assert.equal(request, undefined);
  assert.deepEqual([handshake.address, handshake.headers, handshake.query, handshake.secure], ['192.0.2.1', {}, {}, true]);
});

test('a broken packet ends its own client, and nobody else\'s packet is taken for a part of it', async (t) => {
  const attached = await start(t);
  await join(attached);
  const [one, two, three, four] = [await join(attached), await join(attached), await join(attached), await join(attached)];
  const heard = [];
  for (const [name, { socket }] of Object.entries({ one, two, three })) socket.onAny((...args) => heard.push([name, ...args]));
  one.client.say('511-["x"]'); // more attachments than there may be
  four.client.say('51-["x",{"_placeholder":true,"num":0}]'); // and then nothing
  await until('its end', () => !one.client.open);
  two.client.say('2["text",1]');
  two.client.say('51-["bytes",{"_placeholder":true,"num":0}]', Buffer.from([1, 2]));
  three.client.say('2["text",3]');
  two.client.say('2["text",2]');
  await until('what the others say', () => heard.length === 4);
  assert.deepEqual(heard, [['two', 'text', 1], ['two', 'bytes', Buffer.from([1, 2])], ['three', 'text', 3], ['two', 'text', 2]]);
  three.client.say('nonsense');
  await until('its end', () => !three.client.open);
  assert.ok(two.client.open);
});

test('a client in several namespaces leaves one after the other, and all at once', async (t) => {
  const attached = await start(t);
  const { io, sockets } = attached;
  io.of('/other').on('connection', (socket) => sockets.push(socket));
  await join(attached);
  const { client, socket } = await join(attached);
  client.say('0/other,');
  const other = await until('the other one', () => sockets.at(-1) !== socket && sockets.at(-1));
  assert.deepEqual([...socket.client.sockets.keys()], [socket.id, other.id]);
  const gone = [];
  for (const each of [socket, other]) each.on('disconnect', (reason) => gone.push([each.nsp.name, reason]));
  client.say('1/other,');
  await until('the other one to be gone', () => gone.length === 1);
  assert.deepEqual([socket.client.nsps.size, socket.connected, other.connected], [1, true, false]);
  client.say('0/other,');
  const third = await until('it to be back', () => sockets.at(-1) !== other && sockets.at(-1));
  third.on('disconnect', (reason) => gone.push(['again', reason]));
  socket.disconnect(true);
  await until('the end', () => gone.length === 3);
  assert.deepEqual(gone.slice(1).sort(), [['/', 'server namespace disconnect'], ['again', 'server namespace disconnect']]);
  await until('the end of the connection', () => !client.open);
});

test('answers are for who was asked, several at a time', async (t) => {
  const attached = await start(t);
  await join(attached);
  const { client, socket } = await join(attached);
  const answers = [1, 2, 3].map((n) => socket.timeout(2_000).emitWithAck('ask', n));
  const asked = await until('the questions', () => client.texts.filter((text) => text.includes('"ask"')).length === 3 && client.texts.slice(-3));
  for (const text of asked.reverse()) client.say(`3${text.match(/^2(\d+)/)[1]}["${text.match(/(\d)\]$/)[1]}"]`);
  assert.deepEqual(await Promise.all(answers), ['1', '2', '3']);
  assert.equal(socket.acks.size, 0);
});

test('listeners of the connection hear what they heard, beside socket.io\'s own', async (t) => {
  const attached = await start(t);
  const heard = [];
  attached.io.engine.on('connection', (connection) => {
    connection.on('data', (data) => heard.push(['data', data]));
    connection.once('close', (reason) => heard.push(['close', reason]));
  });
  const { client, socket } = await join(attached);
  const events = [];
  socket.on('x', (n) => events.push(n));
  client.say('2["x",1]');
  client.leave('transport close');
  await until('the end', () => !socket.connected);
  assert.deepEqual([heard, events], [[['data', '0'], ['data', '2["x",1]'], ['close', 'transport close']], [1]]);
  assert.equal(socket.conn.listenerCount('data'), 1, 'socket.io\'s own is gone');
});

test('a Map of few is a Map', () => {
  let seed = 1;
  const random = (n) => (seed = (seed * 48271) % 2147483647) % n;
  for (let round = 0; round < 200; round++) {
    const [few, map] = [new Few(), new Map()];
    assert.ok(few instanceof Map);
    for (let step = 0; step < 20; step++) {
      const [key, value] = [random(3), random(100)];
      const act = [(all) => all.set(key, value) === all, (all) => all.get(key), (all) => all.has(key), (all) => all.delete(key), (all) => (random(9) ? 0 : all.clear())][random(5)];
      const again = seed;
      const expected = act(map);
      seed = again;
      assert.deepEqual(act(few), expected);
      assert.equal(few.size, map.size);
      if (random(4)) continue;
      assert.deepEqual([...few], [...map]);
      assert.deepEqual([[...few.keys()], [...few.values()]], [[...map.keys()], [...map.values()]]);
      const seen = [];
      few.forEach((value, key, all) => seen.push([key, value, all === few]));
      assert.deepEqual(seen, [...map].map(([key, value]) => [key, value, true]));
    }
  }
});

test('memory is given back twice after a rush, when nobody has come for a while, and not without a rush', (t) => {
  mock.timers.enable({ apis: ['setInterval'] });
  t.after(() => mock.timers.reset());
  let [arrivals, collected] = [0, 0];
  const trimmer = new Trimmer(() => arrivals, () => collected++);
  t.after(() => trimmer.stop());
  const turns = (n, coming = 0) => {
    for (let i = 0; i < n; i++) {
      arrivals += coming;
      mock.timers.tick(2_000);
    }
    return collected;
  };
  assert.deepEqual([turns(5, 1_000), turns(1), turns(2), turns(1), turns(20)], [0, 1, 1, 2, 2]);
  assert.deepEqual([turns(10, 10), turns(20)], [2, 2], 'a hundred are no rush');
  turns(1, 1_000);
  for (let i = 0; i < 20; i++) turns(1, 1) + turns(2); // one after the other, for a while
  assert.deepEqual([collected, turns(20)], [3, 4]);
});

test('what is made to be collected has V8 collect its young generation', async (t) => {
  const kinds = [];
  const observer = new PerformanceObserver((list) => kinds.push(...list.getEntries().map(({ detail }) => detail.kind)));
  observer.observe({ entryTypes: ['gc'] });
  t.after(() => observer.disconnect());
  collectYoung();
  await until('a scavenge', () => kinds.includes(1)); // NODE_PERFORMANCE_GC_MINOR
});
