// Everybody in a room hears the same messages in the same order, which is the order in the database.
import assert from 'node:assert/strict';
import { startGateway } from './harness/gateway.js';
import { connect, join, words } from './harness/people.js';
import { test } from './harness/test.js';
import { until } from './harness/waiting.js';

test('every member hears the order of the database; nothing is lost, doubled or out of order', async (t) => {
  const [rooms, speakers, listeners, each] = [['red', 'green', 'blue'], 6, 3, 60];
  const gateway = await startGateway(t, { RATE_LIMIT: 0 });
  const audience = Object.fromEntries(rooms.map((room) => [room, []]));
  const talk = [];
  for (const room of rooms) {
    for (let i = 0; i < speakers + listeners; i++) {
      const socket = await connect(t, gateway, `${room} ${i}`);
      await join(socket, room);
      audience[room].push(socket);
      if (i < speakers) talk.push({ socket, room, name: `${room} ${i}` });
    }
  }

  const acks = talk.flatMap(({ socket, room, name }) => Array.from({ length: each }, (_, n) => (
    socket.timeout(20_000).emitWithAck('send_message', { roomId: room, text: words(`${name}: ${n}`), n }))));
  for (const ack of await Promise.all(acks)) assert.ok(ack.ok, JSON.stringify(ack));

  for (const room of rooms) {
    const rows = await gateway.database.messages(room);
    assert.equal(rows.length, speakers * each);
    for (const [i, row] of rows.entries()) assert.ok(i === 0 || row.createdAt > rows[i - 1].createdAt, 'each later than the one before');
    for (const socket of audience[room]) {
      await until(`all of ${room}`, () => socket.messages.length >= rows.length);
      assert.deepEqual(socket.messages.map((message) => message.id), rows.map((row) => row.id));
      assert.deepEqual(socket.messages.map((message) => message.text), rows.map((row) => row.plaintext));
      for (const { name } of talk.filter((speaker) => speaker.room === room)) {
        const own = socket.messages.filter((message) => message.user.username === name).map((message) => message.n);
        assert.deepEqual(own, Array.from({ length: each }, (_, n) => n), `${name} is heard in the order spoken`);
      }
    }
  }
}, { timeout: 60_000 });

test('messages sent in a row without waiting stay in that order, joins and leaves between them too', async (t) => {
  const gateway = await startGateway(t, { RATE_LIMIT: 0 });
  const ann = await connect(t, gateway, 'ann');
  const bob = await connect(t, gateway, 'bob');
  await join(bob, 'b');
  ann.emit('join_room', 'a');
  for (let n = 0; n < 20; n++) ann.emit('send_message', { roomId: 'a', text: words(`a ${n}`) });
  ann.emit('join_room', 'b');
  for (let n = 0; n < 20; n++) ann.emit('send_message', { roomId: 'b', text: words(`b ${n}`) });
  await until('the last one', () => bob.messages.length === 20);
  assert.deepEqual(bob.messages.map((message) => message.text), Array.from({ length: 20 }, (_, n) => words(`b ${n}`)));
  await until('all rows', async () => (await gateway.database.messages()).length === 40);
  assert.deepEqual((await gateway.database.messages('a')).map((row) => row.plaintext), Array.from({ length: 20 }, (_, n) => words(`a ${n}`)));
  assert.deepEqual(ann.errors, []);
});
