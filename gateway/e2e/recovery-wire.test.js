// Official clients take up their sessions again from a server that a Go program made of pkg/socketio. Each test is one way in which
// a client could miss an event or get it twice.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { io } from 'socket.io-client';
import { goBinary } from './harness/go.js';
import { later, test } from './harness/test.js';
import { event, until } from './harness/waiting.js';

const binary = goBinary('resuming');

/** Starts the server, behind a proxy that cuts connections. */
async function startServer(t) {
  const server = spawn(binary, { stdio: ['ignore', 'pipe', 'inherit'] });
  later(t, () => server.kill());
  const [line] = await event(createInterface({ input: server.stdout }), 'line', 15_000);
  const connections = new Set();
  const proxy = net.createServer((down) => {
    const up = net.connect(Number(line.split(':').at(-1)), '127.0.0.1');
    let left = proxy.limit;
    connections.add(down);
    const end = () => { connections.delete(down); down.destroy(); up.destroy(); };
    for (const side of [down, up]) side.on('close', end).on('error', end);
    down.on('data', (bytes) => up.write(bytes));
    up.on('data', (bytes) => {
      down.write(bytes.subarray(0, left));
      left -= bytes.length;
      if (left <= 0) down.end();
    });
  });
  proxy.limit = Infinity;
  proxy.listen(0, '127.0.0.1');
  await event(proxy, 'listening');
  later(t, () => { proxy.cut(); proxy.close(); });
  proxy.cut = () => connections.forEach((down) => down.destroy());
  return { proxy, direct: `http://${line}`, cut: `http://127.0.0.1:${proxy.address().port}` };
}

/** A client that notes what it hears. */
async function client(t, url, options = {}) {
  const socket = io(url, { reconnectionDelay: 50, reconnectionDelayMax: 50, transports: ['websocket'], forceNew: true, ...options });
  later(t, () => socket.disconnect());
  socket.said = [];
  socket.on('said', (n) => socket.said.push(n));
  await event(socket, 'connect', 15_000);
  return socket;
}

const numbers = (n) => Array.from({ length: n }, (_, i) => i);

/** Has the speaker say so many numbers, the first of which is given. */
async function say(speaker, from, count) {
  for (const n of numbers(count)) assert.ok(await speaker.emitWithAck('say', 'room', from + n));
}

async function pair(t, options) {
  const server = await startServer(t);
  const [speaker, socket] = await Promise.all([client(t, server.direct), client(t, server.cut, options)]);
  await speaker.emitWithAck('join', 'room');
  await socket.emitWithAck('join', 'room');
  return { ...server, speaker, socket };
}

for (const [name, options] of [['over WebSocket', {}], ['over polling and an upgrade', { transports: ['polling', 'websocket'] }]]) {
  test(`a client that lost its connection ${name} misses nothing`, async (t) => {
    const { proxy, speaker, socket } = await pair(t, options);
    const { id } = socket;
    await say(speaker, 0, 3);
    for (const round of [1, 2, 3]) {
      await until('the upgrade', () => socket.io.engine.transport.name === 'websocket', 15_000);
      const back = event(socket, 'connect', 15_000);
      proxy.cut();
      await say(speaker, 3 * round, 3);
      await back;
      assert.deepEqual([socket.id, socket.recovered], [id, true]);
    }
    await say(speaker, 12, 1);
    await until('what was said', () => socket.said.length >= 13, 15_000);
    assert.deepEqual(socket.said, numbers(13));
  });
}

test('a connection that is cut in the middle of the replay, again and again, neither loses nor repeats', async (t) => {
  const { proxy, speaker, socket } = await pair(t);
  proxy.limit = 1500; // of the handshake, the CONNECT and some of what was missed
  proxy.cut();
  await say(speaker, 0, 200);
  await until('what was said', () => socket.said.length > 60, 15_000);
  proxy.limit = Infinity;
  await until('what was said', () => socket.said.length >= 200, 15_000);
  assert.deepEqual(socket.said, numbers(200));
});

test('silence between the join and the drop is no reason to miss what comes then', async (t) => {
  const { proxy, speaker, socket } = await pair(t);
  proxy.cut();
  await say(speaker, 0, 2);
  await until('what was said', () => socket.said.length >= 2, 15_000);
  assert.ok(socket.recovered);
});

test('other events that end in text do not spoil the offset', async (t) => {
  const { proxy, speaker, socket } = await pair(t);
  const heard = [];
  socket.on('hint', (...args) => heard.push(args));
  await say(speaker, 0, 1);
  await speaker.emitWithAck('hint', 'room', 'some text');
  await speaker.emitWithAck('hint', 'room');
  await until('hints', () => heard.length >= 2, 15_000);
  assert.deepEqual(heard[0], ['some text', null]);
  proxy.cut();
  await say(speaker, 1, 1);
  await until('what was said', () => socket.said.length >= 2, 15_000);
  assert.ok(socket.recovered);
  assert.deepEqual(socket.said, [0, 1]);
});

test('what a client says while it is away is read when its rooms are back', async (t) => {
  const { proxy, speaker, socket } = await pair(t);
  const gone = event(socket, 'disconnect', 15_000);
  proxy.cut();
  await gone;
  const answer = socket.emitWithAck('say', 'room', 1);
  await say(speaker, 0, 1);
  assert.equal(await answer, true);
  await until('what was said', () => socket.said.length >= 2 && speaker.said.length >= 2, 15_000);
  assert.deepEqual(socket.said, [0, 1]);
});

test('disconnect() ends the session, and connect() as somebody else begins another', async (t) => {
  const { speaker, socket } = await pair(t);
  const { id } = socket;
  await say(speaker, 0, 1);
  await until('what was said', () => socket.said.length >= 1, 15_000);
  socket.disconnect();
  await say(speaker, 1, 1);
  socket.auth = { user: 'ann' };
  socket.connect();
  await event(socket, 'connect');
  assert.equal(socket.recovered, false);
  assert.notEqual(socket.id, id);
  await socket.emitWithAck('join', 'room'); // with an offset of the earlier session
  await say(speaker, 2, 1);
  await until('what was said', () => socket.said.length >= 2, 15_000);
  assert.deepEqual(socket.said, [0, 2]);
});

test('another user on the same page does not get the session, though the first never said goodbye', async (t) => {
  const { proxy, speaker, socket } = await pair(t);
  const { id } = socket;
  socket.auth = { user: 'ann' };
  const back = event(socket, 'connect', 15_000);
  proxy.cut();
  await say(speaker, 0, 1);
  await back;
  assert.equal(socket.recovered, false);
  assert.notEqual(socket.id, id);
  assert.deepEqual(socket.said, []);
});

test('an event whose handler throws comes again after a drop, and the others do not', async (t) => {
  const { proxy, speaker, socket } = await pair(t);
  await say(speaker, 0, 1);
  await until('what was said', () => socket.said.length >= 1, 15_000);
  // As an exception leaves the client: its handlers have run, and the offset was not noted.
  const emit = Object.getPrototypeOf(socket).emitEvent;
  socket.emitEvent = function throwing(args) {
    if (args[1] !== 1 || socket.thrown) return emit.call(this, args);
    socket.thrown = true;
    const offset = this._lastOffset;
    emit.call(this, args);
    this._lastOffset = offset;
  };
  await say(speaker, 1, 1);
  await until('what was said', () => socket.said.length >= 2, 15_000);
  proxy.cut();
  await say(speaker, 2, 1);
  await until('what was said', () => socket.said.length >= 4, 15_000);
  assert.deepEqual(socket.said, [0, 1, 1, 2]);
});
