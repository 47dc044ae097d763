// connectionStateRecovery is the gateway's: the server says what a socket leaves behind, and asks for it when its client comes back.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { deserialize, serialize } = require('node:v8');
const { Server } = require('socket.io');
const { Adapter } = require('socket.io-adapter');
const msgpack = require('socket.io-msgpack-parser');
const { attach } = require('../dist');
const { SimulatedGateway } = require('./simulated');
const { until } = require('./waiting');

const KEEP = 8;

class Reverse extends msgpack.Encoder {
  encode(packet) {
    return super.encode(packet).map((bytes) => Buffer.from(bytes).reverse());
  }
}
const unreadable = { ...msgpack, Encoder: Reverse };

async function start(t, options = { connectionStateRecovery: {} }, log = () => {}) {
  const gateway = await new SimulatedGateway().listen();
  t.after(() => gateway.close());
  const io = new Server(options);
  const attached = attach(io, { key: 'key', signals: false, linger: 0, log, url: gateway.url });
  t.after(() => io.close());
  const sockets = [];
  io.on('connection', (socket) => sockets.push(socket));
  await attached.ready; // what is told before goes to nobody
  return { gateway, io, sockets };
}

async function join(gateway, sockets, auth = '') {
  const client = gateway.connect();
  const before = sockets.length;
  client.say(`0${auth && JSON.stringify(auth)}`);
  await until('the connection', () => sockets.length > before && client.heard.length > 0);
  return { client, socket: sockets.at(-1) };
}

test('what a socket leaves behind is kept with its last rooms and data, unless it was sent away', async (t) => {
  const { gateway, io, sockets } = await start(t);
  assert.equal(gateway.hello.options.recovery, 120_000);
  const [one, other] = [await join(gateway, sockets), await join(gateway, sockets)];
  one.socket.join(['a', 'b']);
  one.socket.on('disconnecting', () => {
    one.socket.leave('b');
    one.socket.data.left = true;
  });
  let why;
  one.socket.on('disconnect', (reason) => (why = reason));
  one.client.leave('slow reader'); // a reason that socket.io does not know
  await until('KEEP', () => one.client.kept);
  const { nsp, rooms, data } = one.client.kept;
  assert.deepEqual([nsp, rooms, deserialize(Buffer.from(data, 'base64'))], ['/', [one.socket.id, 'a'], { left: true }]);
  assert.equal(why, 'transport close');
  other.client.say('1');
  other.client.leave();
  await until('the end', () => io.sockets.sockets.size === 0);
  assert.equal(other.client.kept, undefined);
});

test('who comes back has the socket that the gateway gives, and whoever it gives none begins anew', async (t) => {
  const { gateway, sockets } = await start(t);
  gateway.sessions = new Map([['secret', { sid: 'same', pid: 'secret', rooms: ['same', 'a'], data: serialize({ name: 'ann' }).toString('base64') }]]);
  const { client, socket } = await join(gateway, sockets, { pid: 'secret', offset: 'x.1', token: 't' });
  assert.deepEqual(gateway.asked, [{ nsp: '/', pid: 'secret', offset: 'x.1' }]);
  assert.deepEqual([socket.id, socket.recovered, [...socket.rooms], socket.data], ['same', true, ['same', 'a'], { name: 'ann' }]);
  assert.deepEqual(client.texts, ['0{"sid":"same","pid":"secret"}']);
  await until('the rooms', () => client.sockets.get('/').rooms.has('a'));
  const anew = await join(gateway, sockets, { pid: 'unknown', offset: 'x.1' });
  assert.equal(anew.socket.recovered, false);
  gateway.silent = true;
  const patient = await join(gateway, sockets, { pid: 'secret', offset: 'x.1' });
  assert.equal(patient.socket.recovered, false);
});

test('events that must not be lost are flagged, one to a socket goes by its room, and no offset is added here', async (t) => {
  const { gateway, io, sockets } = await start(t);
  const { client, socket } = await join(gateway, sockets);
  socket.emit('one', 'text');
  io.emit('all', 'text');
  io.volatile.emit('volatile');
  socket.emit('asks', () => {});
  io.timeout(1000).emit('asks all', () => {});
  await until('all', () => client.texts.length >= 6);
  const flagged = gateway.casts.filter(({ flags }) => flags & KEEP).map(({ rooms, text }) => [rooms, text]);
  assert.deepEqual(flagged, [[[socket.id], '2["one","text"]'], [[], '2["all","text"]']]);
});

test('without the option, and with a parser that the gateway can\'t read, nothing is kept or flagged', async (t) => {
  for (const options of [{}, { connectionStateRecovery: {}, parser: unreadable }]) {
    const { gateway, io } = await start(t, options);
    assert.equal(gateway.hello.options.recovery, 0);
    io.on('connection', () => {});
    io.emit('all');
    await until('the event', () => gateway.casts);
    assert.equal(gateway.casts[0].flags & KEEP, 0);
  }
});

test('with the msgpack parser it is as with the usual one', async (t) => {
  const { gateway, io } = await start(t, { connectionStateRecovery: {}, parser: msgpack });
  assert.equal(gateway.hello.options.recovery, 120_000);
  io.emit('all', 'text');
  await until('the event', () => gateway.casts);
  assert.equal(gateway.casts[0].flags & KEEP, KEEP);
});

class Joins extends Adapter {
  serverCount() {
    return Promise.resolve(2);
  }
}
class Keeps extends Joins {
  restoreSession() {
    return Promise.resolve(null);
  }
}

for (const [name, options, said] of [
  ['the gateway\'s', {}, undefined],
  ['that of an adapter', { adapter: Keeps }, undefined],
  ['none with an adapter that keeps no sessions', { adapter: Joins }, /has no effect.*\(Joins\).*keeps no sessions/],
  ['none with a parser that it can\'t read', { parser: unreadable }, /has no effect.*parser/],
]) {
  test(`the log says when recovery is none at all: ${name}`, async (t) => {
    const lines = [];
    await start(t, { connectionStateRecovery: {}, ...options }, (line) => lines.push(line));
    await until('the gateway', () => lines.some((line) => line.startsWith('attached to')));
    const of = lines.filter((line) => line.includes('connectionStateRecovery'));
    assert.equal(of.length, said ? 1 : 0);
    if (said) assert.match(of[0], said);
  });
}

test('clients that come directly are recovered by the server itself, and get one offset', async (t) => {
  const { gateway, io, sockets } = await start(t);
  const { io: connect } = require('socket.io-client');
  io.listen(0);
  const native = connect(`http://127.0.0.1:${io.httpServer.address().port}`, { transports: ['websocket'], reconnectionDelay: 20 });
  t.after(() => native.close());
  await new Promise((resolve) => native.on('connect', resolve));
  const { client } = await join(gateway, sockets);
  const heard = [];
  native.on('news', (...args) => heard.push(args));
  io.emit('news', 1);
  await until('the news', () => heard.length === 1 && client.texts.length === 2);
  assert.deepEqual([heard[0].length, heard[0][0], client.texts[1]], [2, 1, '2["news",1]']);
  native.io.reconnection(false);
  native.io.engine.close();
  await until('the end', () => io.engine.clientsCount === 1);
  io.emit('news', 2);
  native.io.reconnection(true);
  native.connect();
  await until('the rest', () => heard.length === 2);
  assert.deepEqual([native.recovered, heard[1][0]], [true, 2]);
});
