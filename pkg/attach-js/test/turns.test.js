// A process that comes back has much to do at once. What is waited for is given the turns that it needs, however long the process stood still meanwhile.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { standingClock } = require('./standing');
const { until } = require('./waiting');
const { join, start } = require('./world');

const LONG = 30_000; // less than connectTimeout, which is time

/** A client whose process has ended, and the next one, whose handlers and middlewares may have been given to it before it is ready. */
async function deployed(t, prepare, options = {}) {
  const { gateway, io } = await start(t, options);
  io.on('connection', () => {});
  const client = await join(gateway);
  await io.close();
  const pass = standingClock(t);
  const next = await start(t, { gateway, ...options });
  prepare(next.io);
  return { client, gateway, pass, ...next };
}

test('a socket that is restored by a process that stood still is not closed for a middleware that had no turn', async (t) => {
  let go;
  const { client, pass, io, attached } = await deployed(t, (server) => {
    server.use((socket, next) => (go = next));
    server.on('connection', () => {});
  });
  await until('the middleware', () => go);
  pass(LONG);
  go();
  await until('the socket, or the close', () => io.sockets.sockets.size > 0 || !client.open);
  assert.deepEqual([client.open, attached.clients], [true, 1]);
});

test('a middleware that never ends has its client closed after ten seconds', async (t) => {
  let asked = false;
  const { client, pass } = await deployed(t, (io) => {
    io.use(() => (asked = true));
    io.on('connection', () => {});
  });
  await until('the middleware', () => asked);
  for (let second = 1; second < 10; second++) pass(1_000);
  assert.equal(client.open, true);
  pass(1_000);
  await until('the close', () => !client.open);
});

test('what a client said meanwhile waits for handlers that had no turn to listen for it', async (t) => {
  let loaded;
  const heard = [];
  const { client, gateway, pass } = await deployed(t, (server) => {
    server.on('connection', async (socket) => {
      await new Promise((resolve) => (loaded = resolve));
      socket.on('said', (what) => heard.push(what));
    });
  });
  client.say('2["said",1]');
  await until('the handler', () => loaded);
  pass(LONG);
  const go = loaded;
  await join(gateway); // whatever was let go is through by then
  go();
  await until('what was said', () => heard.length > 0);
  assert.deepEqual(heard, [1]);
});

test('a client that comes back is given its socket by a process that did not come to read the answer', async (t) => {
  const options = { server: { connectionStateRecovery: {} } };
  const pass = standingClock(t);
  const { gateway, io, attached } = await start(t, options);
  const recovered = [];
  io.on('connection', (socket) => recovered.push([socket.id, socket.recovered]));
  await attached.ready;
  gateway.sessions = new Map([['secret', { sid: 'same', pid: 'secret', rooms: ['same'] }]]);
  gateway.late = [];
  gateway.connect().say('0{"pid":"secret","offset":"x.1"}');
  await until('the question', () => gateway.late.length > 0);
  pass(LONG);
  for (const answer of gateway.late) answer();
  await until('the connection', () => recovered.length > 0);
  assert.deepEqual(recovered, [['same', true]]);
});

test('a process that has left ends at once: nothing of the attachment keeps it', async (t) => {
  const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const { io, attached } = await start(t);
  io.on('connection', () => {});
  await attached.ready;
  await io.close();
  assert.equal(process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length, before);
});
