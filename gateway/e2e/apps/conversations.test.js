// An app of conversations between two, or a few: a table says who takes part, and its server lets nobody else join.
//
//   socket.on("join_conversation", async (id) => {
//     const mine = await prisma.conversation.findFirst({ where: { id, participants: { some: { id: socket.userId } } } });
//     if (mine) socket.join(id);
//   });
import assert from 'node:assert/strict';
import { adopt, heardNothing, said, told, visit } from '../harness/apps.js';
import { ask, words } from '../harness/people.js';
import { test } from '../harness/test.js';

// What Prisma makes of two lists: Conversation.participants and User.conversations.
const schema = `
  CREATE TABLE "User" ("id" TEXT PRIMARY KEY, "name" TEXT NOT NULL);
  CREATE TABLE "Conversation" ("id" TEXT PRIMARY KEY, "lastMessageAt" TIMESTAMP(3));
  CREATE TABLE "_ConversationToUser" ("A" TEXT NOT NULL REFERENCES "Conversation" ("id"), "B" TEXT NOT NULL REFERENCES "User" ("id"), PRIMARY KEY ("A", "B"));
  CREATE TABLE "Message" ("id" TEXT PRIMARY KEY, "content" TEXT NOT NULL, "senderId" TEXT NOT NULL REFERENCES "User" ("id"),
    "conversationId" TEXT NOT NULL REFERENCES "Conversation" ("id"), "seen" BOOLEAN NOT NULL DEFAULT false,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, "updatedAt" TIMESTAMP(3) NOT NULL);
  INSERT INTO "User" VALUES ('id-of-ann', 'Ann A.'), ('id-of-bob', 'Bob B.'), ('id-of-eve', 'Eve E.');
  INSERT INTO "Conversation" VALUES ('c1'), ('c2');
  INSERT INTO "_ConversationToUser" VALUES ('c1', 'id-of-ann'), ('c1', 'id-of-bob'), ('c2', 'id-of-ann'), ('c2', 'id-of-eve')`;

const env = {
  ROOM_ACCESS_QUERY: 'SELECT count(*) FROM "_ConversationToUser" WHERE "A" = $1 AND "B" = $2',
  ACCESS_RECHECK: '200ms',
  JOIN_EVENTS: 'join_conversation',
  LEAVE_EVENTS: 'leave_conversation',
  SEND_EVENTS: 'new_message',
  MESSAGE_EVENT: 'message:new',
  RELAY_EVENTS: 'typing=user_typing',
};

const send = (socket, conversationId, text) => ask(socket, 'new_message', { conversationId, content: words(text), tempId: `temp-${text}` });
const is = (text) => (message) => message.content === words(text);

test('two talk in their conversation, and a third neither joins, hears nor writes there', async (t) => {
  const { gateway, database } = await adopt(t, { schema, env });
  const [ann, bob, eve] = await Promise.all(['ann', 'bob', 'eve'].map((name) => visit(t, gateway, name)));
  for (const [socket, id] of [[ann, 'c1'], [bob, { conversationId: 'c1' }], [eve, 'c2']]) assert.ok((await ask(socket, 'join_conversation', id)).ok);
  for (const id of ['c1', { conversationId: 'c1' }, { conversation: { id: 'c1' } }]) assert.equal((await ask(eve, 'join_conversation', id)).code, 'forbidden');

  assert.ok((await send(ann, 'c1', 'hello')).ok);
  const message = await told(bob, 'message:new', is('hello'));
  assert.deepEqual([message.conversationId, message.senderId, message.sender.name, message.seen, message.tempId], ['c1', 'id-of-ann', 'ann', false, 'temp-hello']);
  bob.emit('typing', { conversationId: 'c1' });
  await told(ann, 'user_typing', ({ userId }) => userId === 'id-of-bob');

  assert.equal((await send(eve, 'c1', 'me too')).code, 'not_in_room');
  eve.emit('typing', { conversationId: 'c1' });
  assert.ok((await send(eve, 'c2', 'anybody?')).ok);
  await told(eve, 'message:new', is('anybody?'));
  assert.equal(said(eve, 'message:new').length, 1);
  for (const event of ['user_typing', 'room_members']) assert.ok(!JSON.stringify(said(eve, event)).includes('id-of-bob'), event);
  heardNothing(bob, 'user_typing');
  assert.deepEqual((await database.query('SELECT "conversationId" AS c, "senderId" AS s FROM "Message" ORDER BY 1')), [{ c: 'c1', s: 'id-of-ann' }, { c: 'c2', s: 'id-of-eve' }]);
});

test('who leaves the conversation in the app hears nothing of it any more, and is told so', async (t) => {
  const { gateway, database } = await adopt(t, { schema, env });
  const [ann, bob] = [await visit(t, gateway, 'ann'), await visit(t, gateway, 'bob')];
  for (const socket of [ann, bob]) assert.ok((await ask(socket, 'join_conversation', 'c1')).ok);
  await database.query(`DELETE FROM "_ConversationToUser" WHERE "A" = 'c1' AND "B" = 'id-of-bob'`);
  const { code, roomId } = await told(bob, 'error');
  assert.deepEqual([code, roomId], ['forbidden', 'c1']);
  assert.ok((await send(ann, 'c1', 'to myself')).ok);
  await told(ann, 'message:new', is('to myself'));
  assert.equal((await send(bob, 'c1', 'wait')).code, 'not_in_room');
  assert.equal((await ask(bob, 'join_conversation', 'c1')).code, 'forbidden');
  heardNothing(bob, 'message:new');
});
