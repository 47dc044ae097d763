// What the official client buffered while it was away comes before its `connect` handler joins, and is sent all the same.
import assert from 'node:assert/strict';
import { startGateway } from './harness/gateway.js';
import { ask, client, connect, connected, hears, join, words } from './harness/people.js';
import { test } from './harness/test.js';
import { until } from './harness/waiting.js';

const texts = (socket) => socket.messages.map(({ text }) => text);

test('what was emitted while away arrives, in order, before what is said afterwards', async (t) => {
  const gateway = await startGateway(t);
  const bob = await connect(t, gateway, 'bob');
  await join(bob, 'lobby');
  const ann = client(t, gateway, { as: 'ann', reconnect: true });
  ann.on('connect', () => ann.emit('join_room', 'lobby'));
  await connected(ann);
  await until('the list', () => ann.members.length > 0);

  ann.io.engine.close();
  await until('the loss', () => !ann.connected);
  const said = Array.from({ length: 20 }, (_, i) => words(`away ${i}`));
  const acks = said.map((text, i) => ask(ann, 'send_message', i % 2 ? { roomId: 'lobby', text } : { text }));
  await connected(ann);
  assert.ok((await ask(ann, 'send_message', { roomId: 'lobby', text: words('back') })).ok);
  assert.deepEqual([...new Set((await Promise.all(acks)).map((ack) => ack.ok))], [true]);
  await hears(bob, 'back');
  assert.deepEqual(texts(bob), [...said, words('back')]);
});

test('a first message that is sent before the join waits for it, whenever that comes', async (t) => {
  const gateway = await startGateway(t);
  const ann = client(t, gateway, { as: 'ann' });
  const ack = ask(ann, 'send_message', { roomId: 'lobby', text: words('early') }); // is buffered
  await connected(ann);
  await ask(ann, 'leave_room', 'another'); // it has arrived
  await join(ann, 'lobby');
  assert.ok((await ack).ok);
  await hears(ann, 'early');
});

test('who never joins is told so after JOIN_WAIT, and who leaves or is refused at once', async (t) => {
  const gateway = await startGateway(t, { JOIN_WAIT: '300ms' });
  const ann = await connect(t, gateway, 'ann');
  const began = performance.now();
  assert.equal((await ask(ann, 'send_message', { roomId: 'lobby', text: words('lost') })).code, 'not_in_room');
  assert.ok(performance.now() - began >= 290);
  ann.emit('send_message', { roomId: 'lobby', text: words('lost') });
  await until('the error', () => ann.errors.some(({ code }) => code === 'not_in_room'));
  const lost = ask(ann, 'send_message', { roomId: 'lobby', text: words('lost') });
  ann.emit('leave_room', 'lobby');
  assert.equal((await lost).code, 'not_in_room');
  assert.deepEqual(await gateway.database.messages(), []);
});
