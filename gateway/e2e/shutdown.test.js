// SIGTERM: what was accepted is stored and acked, and the clients come back by themselves.
import assert from 'node:assert/strict';
import { createDatabase } from './harness/database.js';
import { startGateway } from './harness/gateway.js';
import { Speaker } from './harness/load.js';
import { client, connect, connected, join, refusal, say, words } from './harness/people.js';
import { freePort } from './harness/ports.js';
import { test } from './harness/test.js';
import { event, until } from './harness/waiting.js';
import { openWire } from './harness/wire.js';

test('SIGTERM under load: every stored message was acked, every acked one is stored, exit 0', async (t) => {
  const gateway = await startGateway(t, { RATE_LIMIT: 0 });
  const speakers = [];
  for (let i = 0; i < 10; i++) {
    const socket = await connect(t, gateway, `person ${i}`);
    await join(socket, 'lobby');
    speakers.push(new Speaker(`person ${i}`, socket, 'lobby', 20));
  }
  for (const speaker of speakers) speaker.start();
  await until('messages', () => speakers.every((speaker) => speaker.acked.size >= 20), 15_000);

  const gone = speakers.map(({ socket }) => event(socket, 'disconnect', 10_000));
  const { code } = await gateway.stop();
  assert.equal(code, 0, gateway.log);
  for (const [reason] of await Promise.all(gone)) assert.equal(reason, 'transport close');

  const acked = speakers.flatMap((speaker) => [...speaker.acked.keys()]).sort();
  const rows = await gateway.database.messages();
  assert.deepEqual(rows.map((row) => row.plaintext).sort(), acked);
  for (const { socket } of speakers) {
    const heard = socket.messages.map((message) => message.id);
    assert.deepEqual(heard, rows.slice(0, heard.length).map((row) => row.id), 'heard in order to the end');
  }
});

test('while accepted messages are being stored readiness is red and nobody new is let in; then they are acked', async (t) => {
  const gateway = await startGateway(t);
  const ann = await connect(t, gateway, 'ann');
  await join(ann, 'lobby');
  const release = await gateway.database.block();
  let stopped;
  try {
    const acks = ['one', 'two', 'three'].map((text) => ann.timeout(10_000).emitWithAck('send_message', { roomId: 'lobby', text: words(text) }));
    // The connection handles its events in order, so this answer means that the three are accepted.
    assert.equal((await ann.timeout(5_000).emitWithAck('join_room', {})).code, 'bad_request');
    stopped = gateway.stop();
    stopped.catch(() => {});
    await until('red readiness', async () => (await gateway.get('/readyz')).status !== 200);
    await refusal(client(t, gateway, { as: 'bob' }));
    assert.equal(ann.messages.length, 0, 'nothing is stored yet');
    await release();
    for (const ack of await Promise.all(acks)) assert.ok(ack.ok, JSON.stringify(ack));
  } finally {
    await release().catch(() => {});
  }
  assert.deepEqual(await stopped, { code: 0, signal: null });
  assert.deepEqual((await gateway.database.messages()).map((row) => row.plaintext), ['one', 'two', 'three'].map(words));
  assert.deepEqual(ann.messages.map((message) => message.text), ['one', 'two', 'three'].map(words));
  assert.deepEqual(ann.endings, ['transport close']);
});

test('the connections end without a 41, and the clients come back to the next gateway by themselves', async (t) => {
  const database = await createDatabase(t);
  const env = { PORT: await freePort() };
  const first = await startGateway(t, env, { database });
  const people = await Promise.all(['ann', 'bob', 'cid'].map((as) => connect(t, first, { as, reconnect: true })));
  for (const socket of people) await join(socket, 'lobby');
  const wire = await openWire(t, first);
  await wire.enter('lobby');

  const gone = people.map((socket) => event(socket, 'disconnect', 10_000));
  assert.deepEqual(await first.stop(), { code: 0, signal: null });
  for (const [reason] of await Promise.all(gone)) assert.equal(reason, 'transport close');
  await wire.closes();
  assert.deepEqual(wire.frames.filter((frame) => frame.startsWith('41')), []);

  await startGateway(t, env, { database });
  for (const socket of people) {
    await connected(socket, 10_000);
    await join(socket, 'lobby');
  }
  await say(people[0], 'lobby', 'so we meet again');
  await until('the message', () => people.every((socket) => socket.messages.length === 1));
});

test('a client that does not read does not hold the shutdown up', async (t) => {
  const gateway = await startGateway(t);
  const wire = await openWire(t, gateway);
  await wire.enter('lobby');
  wire.pause();
  const ann = await connect(t, gateway, 'ann');
  await join(ann, 'lobby');
  await say(ann, 'lobby', 'is anybody there?');
  assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
});
