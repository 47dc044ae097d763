// An app with optimistic clients: they show what they send at once, and put the stored row in its place when the ack comes. Its server says
//
//   socket.to(roomId).emit("newMessage", message); callback({ message });
import assert from 'node:assert/strict';
import { adopt, heardNothing, said, told, visit } from '../harness/apps.js';
import { ask, words } from '../harness/people.js';
import { freePort } from '../harness/ports.js';
import { test } from '../harness/test.js';
import { event, until } from '../harness/waiting.js';

const schema = `CREATE TABLE "Message" ("id" TEXT PRIMARY KEY, "content" TEXT NOT NULL, "senderId" TEXT NOT NULL, "chatId" TEXT NOT NULL,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP)`;
const env = { ECHO: 'false', JOIN_EVENTS: 'joinChat', SEND_EVENTS: 'sendMessage', MESSAGE_EVENT: 'newMessage' };

async function join(...sockets) {
  for (const socket of sockets) assert.ok((await ask(socket, 'joinChat', 'c1')).ok);
}

async function send(socket, text) {
  const { message } = await ask(socket, 'sendMessage', { chatId: 'c1', content: words(text), tempId: `temp-${text}` });
  assert.ok(message.id);
  return message;
}

const is = (text) => (message) => message.content === words(text);
const texts = (socket) => said(socket, 'newMessage').map(([message]) => message.content);

for (const gateways of [1, 2]) {
  test(`a sender hears of its message by the ack alone, with ${gateways} gateway${gateways > 1 ? 's' : ''}`, async (t) => {
    const all = await adopt(t, { schema, env, gateways });
    const [ann, phone, bob, eve] = await Promise.all(['ann', 'ann', 'bob', 'eve'].map((as, i) => visit(t, all.gateways[i % gateways], as)));
    await join(ann, phone, bob);
    const message = await send(ann, 'hi');
    assert.deepEqual(await told(phone, 'newMessage', is('hi')), message);
    assert.deepEqual(await told(bob, 'newMessage', is('hi')), message);
    await send(bob, 'hi ann');
    await told(ann, 'newMessage', is('hi ann'));
    assert.deepEqual(texts(ann), [words('hi ann')]);
    await told(phone, 'newMessage', is('hi ann'));
    assert.deepEqual(texts(bob), [words('hi')]);
    heardNothing(eve, 'newMessage');
  });
}

test('nor does it come when the client is back, from memory or from the table, while nothing of others is lost', async (t) => {
  const all = { ...env, PORT: await freePort() };
  const { gateway, database } = await adopt(t, { schema, env: all });
  const [ann, bob] = await Promise.all(['ann', 'bob'].map((as) => visit(t, gateway, as, { reconnect: true })));
  await join(ann, bob);
  await send(bob, 'one');
  await told(ann, 'newMessage', is('one'));
  await send(ann, 'two');
  const back = event(ann, 'connect');
  ann.io.engine.close();
  await send(bob, 'three');
  await back;
  await told(ann, 'newMessage', is('three'));
  assert.ok(ann.recovered);
  await send(ann, 'four');
  await told(bob, 'newMessage', is('four'));
  const again = event(ann, 'connect', 10_000);
  await gateway.kill();
  await adopt.again(t, { env: all, database });
  await until('bob to be back', () => bob.connected);
  await send(bob, 'five');
  await again;
  assert.ok(ann.recovered);
  await told(ann, 'newMessage', is('five'));
  assert.deepEqual(texts(ann), ['one', 'three', 'five'].map(words));
  assert.deepEqual(texts(bob), ['two', 'four'].map(words));
});
