// An app whose clients wrap what they send and what they hear, and read `_id` and `sender._id`, as those that came from MongoDB do.
//
//   socket.on("new-message", ({ message, roomId }, done) => { io.to(roomId).emit("message-received", { message }); done({ success: true, data }); });
import assert from 'node:assert/strict';
import { adopt, heardNothing, said, told, visit } from '../harness/apps.js';
import { ask, words } from '../harness/people.js';
import { freePort } from '../harness/ports.js';
import { test } from '../harness/test.js';
import { event } from '../harness/waiting.js';

const schema = `CREATE TABLE "Message" ("id" TEXT PRIMARY KEY, "content" TEXT NOT NULL, "senderId" TEXT NOT NULL, "chatId" TEXT NOT NULL,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP)`;
const env = { JOIN_EVENTS: 'join-chat', SEND_EVENTS: 'new-message', MESSAGE_EVENT: 'message-received', SEND_ARGS: 'message',
  MESSAGE_SHAPE: '{"message": {...$row, "_id": $row.id, "sender": {"_id": $row.senderId, "name": $row.user.username}}}',
  ACK_SHAPE: '{"success": true, "data": $row}' };

const send = (socket, text) => ask(socket, 'new-message', { message: { content: words(text) }, chatId: 'c1' });
const is = (text) => ({ message }) => message.content === words(text);

for (const gateways of [1, 2]) {
  test(`wrapped messages go both ways, with ${gateways} gateway${gateways > 1 ? 's' : ''}`, async (t) => {
    const all = await adopt(t, { schema, env, gateways });
    const [ann, bob, eve] = await Promise.all(['ann', 'bob', 'eve'].map((as, i) => visit(t, all.gateways[i % gateways], as)));
    for (const socket of [ann, bob]) assert.ok((await ask(socket, 'join-chat', 'c1')).ok);
    const { success, data } = await send(ann, 'hi');
    assert.ok(success);
    for (const socket of [ann, bob]) {
      const { message } = await told(socket, 'message-received', is('hi'));
      assert.equal(message._id, data.id);
      assert.deepEqual(message.sender, { _id: 'id-of-ann', name: 'ann' });
      assert.equal(message.chatId, 'c1');
    }
    assert.equal((await send(eve, 'let me in')).code, 'not_in_room');
    heardNothing(eve, 'message-received');
  });
}

test('what was missed comes back in the same shape, from memory and from the table', async (t) => {
  const all = { ...env, PORT: await freePort() };
  const { gateway, database } = await adopt(t, { schema, env: all });
  const [ann, bob] = await Promise.all(['ann', 'bob'].map((as) => visit(t, gateway, as, { reconnect: true })));
  for (const socket of [ann, bob]) assert.ok((await ask(socket, 'join-chat', 'c1')).ok);
  await send(bob, 'one');
  await told(ann, 'message-received', is('one'));
  const back = event(ann, 'connect');
  ann.io.engine.close();
  await send(bob, 'two');
  await back;
  const { message } = await told(ann, 'message-received', is('two'));
  assert.ok(ann.recovered);
  assert.equal(message.sender._id, 'id-of-bob');

  ann.io.reconnectionDelay(1_500);
  ann.io.reconnectionDelayMax(1_500);
  const returned = event(ann, 'connect', 10_000);
  ann.io.engine.close();
  const { data } = await send(bob, 'three');
  await gateway.kill();
  await adopt.again(t, { env: all, database });
  await returned;
  assert.ok(ann.recovered);
  const told3 = await told(ann, 'message-received', is('three'));
  assert.equal(told3.message._id, data.id);
  assert.deepEqual(told3.message.sender, { _id: 'id-of-bob', name: 'bob' });
  assert.equal(said(ann, 'message-received').length, 3);
});
