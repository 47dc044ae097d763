// What the client sends again, by its option `retries` or because an ack was lost, is stored and heard once.
import assert from 'node:assert/strict';
import { io } from 'socket.io-client';
import { startGateway } from './harness/gateway.js';
import { ask, connect, hears, join, person, say, token, words } from './harness/people.js';
import { later, test } from './harness/test.js';
import { until } from './harness/waiting.js';

const texts = (socket) => socket.messages.map(({ text }) => text);

test('retries beside a slow database store a message with an id of its own once', async (t) => {
  const gateway = await startGateway(t);
  const bob = await connect(t, gateway, 'bob');
  await join(bob, 'lobby');
  const ann = io(gateway.url, { forceNew: true, transports: ['websocket'], retries: 3, ackTimeout: 100, extraHeaders: { cookie: `token=${token(person('ann'))}` } });
  later(t, () => ann.disconnect());
  const emit = (...args) => new Promise((resolve) => ann.emit(...args, (error, answer) => resolve(error ?? answer)));
  assert.ok((await emit('join_room', 'lobby')).ok);
  let tries = 0;
  ann.io.engine.on('packetCreate', ({ type, data }) => type === 'message' && data.includes('"tempId"') && tries++);

  const release = await gateway.database.block();
  const ack = emit('send_message', { roomId: 'lobby', text: words('once'), tempId: 't1' });
  await until('a second try', () => tries > 1);
  await release();
  const { ok, message } = await ack;
  assert.deepEqual([ok, message.tempId], [true, 't1']);
  await say(bob, 'lobby', 'the end');
  await hears(bob, 'the end');
  assert.deepEqual(texts(bob), [words('once'), words('the end')]);
  assert.equal((await gateway.database.messages()).length, 2);
});

test('a resend after a lost ack gets the ack of the first, by whatever the app calls its id', async (t) => {
  const gateway = await startGateway(t, { RATE_LIMIT: 0 });
  const ann = await connect(t, gateway, 'ann');
  await join(ann, 'lobby');
  for (const key of ['tempId', 'temp_id', 'clientMessageId', 'nonce', 'clientId', 'localId', 'optimisticId', 'idempotencyKey', 'clientOffset']) {
    const payload = { roomId: 'lobby', text: words(key), [key]: 'x-1' };
    const first = await ask(ann, 'send_message', payload);
    const device = await connect(t, gateway, 'ann'); // the connection was lost too
    const early = ask(device, 'send_message', payload);
    await join(device, 'lobby');
    assert.deepEqual(await early, first, key);
    device.disconnect();
  }
  await say(ann, 'lobby', 'the end');
  await hears(ann, 'the end');
  assert.equal(texts(ann).length, 10);
  assert.equal((await gateway.database.messages()).length, 10);
});

test('equal texts without ids, other people, other rooms and other ids are messages of their own', async (t) => {
  const gateway = await startGateway(t, { JOIN_MODE: 'multi' });
  const [ann, phone, bob] = [await connect(t, gateway, 'ann'), await connect(t, gateway, 'ann'), await connect(t, gateway, 'bob')];
  for (const socket of [ann, phone, bob]) for (const room of ['lobby', 'garden']) await join(socket, room);
  await say(ann, 'lobby', 'ok');
  await say(phone, 'lobby', 'ok');
  await say(ann, 'lobby', 'ok', { tempId: 1 });
  await say(ann, 'lobby', 'ok', { tempId: 2 });
  await say(bob, 'lobby', 'ok', { tempId: 1 });
  await say(ann, 'garden', 'ok', { tempId: 1 });
  assert.equal((await gateway.database.messages()).length, 6);
});
