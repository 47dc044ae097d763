// An app of direct messages alone: rows have a sender and a receiver, nobody joins anything, and its server keeps a map of who is connected.
//
//   socket.on("sendMessage", async ({ receiverId, text }) => {
//     const message = await prisma.message.create({ data: { senderId: socket.userId, receiverId, text } });
//     io.to(online[receiverId]).emit("newMessage", message); socket.emit("newMessage", message); });
//   socket.on("typing", ({ receiverId, isTyping }) => io.to(online[receiverId]).emit("typing", { senderId: socket.userId, isTyping }));
import assert from 'node:assert/strict';
import { adopt, heardNothing, said, told, visit } from '../harness/apps.js';
import { ask, person, words } from '../harness/people.js';
import { test } from '../harness/test.js';
import { until } from '../harness/waiting.js';

const schema = `
  CREATE TABLE users (id TEXT PRIMARY KEY, full_name TEXT NOT NULL);
  CREATE TABLE messages (id TEXT PRIMARY KEY, sender_id TEXT NOT NULL REFERENCES users (id), receiver_id TEXT NOT NULL REFERENCES users (id), text TEXT NOT NULL,
    created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP);
  INSERT INTO users VALUES ('id-of-ann', 'Ann'), ('id-of-bob', 'Bob'), ('id-of-eve', 'Eve')`;

const env = { SEND_EVENTS: 'sendMessage', MESSAGE_EVENT: 'newMessage', RELAY_EVENTS: 'typing@user,call=ringing@user', ONLINE_EVENT: 'getOnlineUsers' };
const id = (name) => person(name).userId;
const send = (socket, receiverId, text) => ask(socket, 'sendMessage', { receiverId, text: words(text) });
const is = (text) => (message) => message.text === words(text);

for (const gateways of [1, 2]) {
  test(`two write to each other on all their devices, and a third hears nothing, with ${gateways} gateway${gateways > 1 ? 's' : ''}`, async (t) => {
    const all = await adopt(t, { schema, env, gateways });
    const [ann, bob, phone, eve] = await Promise.all(['ann', 'bob', 'ann', 'eve'].map((name, i) => visit(t, all.gateways[i % gateways], name)));
    await told(ann, 'getOnlineUsers', (list) => list.length === 3);
    assert.ok((await send(ann, id('bob'), 'hi')).ok);
    for (const socket of [ann, phone, bob]) {
      const { senderId, receiverId } = await told(socket, 'newMessage', is('hi'));
      assert.deepEqual([senderId, receiverId], [id('ann'), id('bob')]);
    }
    ann.emit('typing', { receiverId: id('bob'), senderId: id('eve'), isTyping: true });
    assert.deepEqual(await told(bob, 'typing'), { receiverId: id('bob'), senderId: id('ann'), isTyping: true, ...person('ann'), from: id('ann') });
    assert.ok((await ask(bob, 'call', { to: id('ann'), offer: {} })).ok);
    for (const socket of [ann, phone]) await told(socket, 'ringing', ({ from }) => from === id('bob'));
    for (const socket of [ann, phone]) heardNothing(socket, 'typing');

    assert.equal((await send(eve, 'nobody', 'hi')).code, 'bad_request');
    assert.equal((await ask(eve, 'sendMessage', { text: words('hi all') })).code, 'bad_request');
    for (const room of [id('bob'), `user:${id('bob')}`]) await ask(eve, 'join_room', room);
    assert.ok((await send(bob, id('ann'), 'a secret')).ok);
    await told(phone, 'newMessage', is('a secret'));
    for (const event of ['newMessage', 'typing', 'ringing']) heardNothing(eve, event);

    bob.disconnect();
    await until('bob to be off the list', () => !said(ann, 'getOnlineUsers').at(-1)[0].includes(id('bob')), 10_000);
    assert.equal((await ask(ann, 'typing', { receiverId: id('bob') })).code, 'not_connected');
    assert.ok((await send(ann, id('bob'), 'read it later')).ok);
    assert.equal((await all.database.query('SELECT id FROM messages')).length, 3);
  });
}
