// `socket.conn` as handlers and socket.io use it: what is written arrives whole, and an end is told as Engine.IO tells it.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { until } = require('./waiting');
const { join, start } = require('./world');

const kinds = {
  'a Buffer': Buffer.from([1, 2, 3, 4]),
  'an ArrayBuffer': Uint8Array.from([1, 2, 3, 4]).buffer,
  'a part of one': new Uint8Array(Uint8Array.from([9, 1, 2, 3, 4, 9]).buffer, 1, 4),
  'words of 16 bits': new Uint16Array(Uint8Array.from([1, 2, 3, 4]).buffer),
  'a float': new Float32Array(Uint8Array.from([1, 2, 3, 4]).buffer),
  'a DataView': new DataView(Uint8Array.from([9, 1, 2, 3, 4]).buffer, 1),
};

for (const [kind, bytes] of Object.entries(kinds)) {
  test(`bytes arrive as they are, and nothing that was there before: ${kind}`, async (t) => {
    const { gateway, io } = await start(t);
    io.on('connection', (socket) => socket.on('ask', (ack) => ack(bytes)));
    const client = await join(gateway);
    client.say('27["ask"]');
    await until('the ack', () => client.heard.length === 2);
    io.emit('all', { of: bytes });
    await until('the event', () => client.heard.length === 3);
    for (const [, attachment] of client.heard.slice(1)) assert.deepEqual([...attachment], [1, 2, 3, 4]);
  });
}

async function endOf(t, bring) {
  const { gateway, io } = await start(t);
  const end = new Promise((resolve) => io.on('connection', (socket) => {
    socket.on('disconnecting', (reason, details) => resolve({ reason, details, state: socket.conn.readyState, clients: io.engine.clientsCount }));
  }));
  bring(await join(gateway), io);
  return end;
}

test('a packet that no client sends ends the connection at once, by the word that handlers know', async (t) => {
  const end = await endOf(t, (client) => client.say('2/elsewhere,["hi"]'));
  assert.deepEqual(end, { reason: 'forced close', details: undefined, state: 'closed', clients: 0 });
});

test('an error of the transport is an Error, any other end has none', async (t) => {
  const { reason, details } = await endOf(t, (client) => client.leave('transport error'));
  assert.deepEqual([reason, details.message, details.type], ['transport error', 'transport error', 'TransportError']);
  assert.equal((await endOf(t, (client) => client.leave('transport close'))).details, undefined);
});

test('a handler that looks how much waits to be written finds nothing', async (t) => {
  const { gateway, io } = await start(t);
  const waits = new Promise((resolve) => io.on('connection', (socket) => resolve([socket.conn.writeBuffer.length, socket.conn.transport.supportsBinary])));
  await join(gateway);
  assert.deepEqual(await waits, [0, true]);
});
