// An app whose server joins every conversation of the user at connect: its clients never join, and only send.
//
//   io.on("connection", async (socket) => {
//     const conversations = await prisma.participant.findMany({ where: { userId: socket.userId } });
//     conversations.forEach((c) => socket.join(c.conversationId));
import assert from 'node:assert/strict';
import { adopt, heardNothing, said, told, visit } from '../harness/apps.js';
import { ask, words } from '../harness/people.js';
import { freePort } from '../harness/ports.js';
import { test } from '../harness/test.js';
import { event, until } from '../harness/waiting.js';

const schema = `
  CREATE TABLE conversation (id TEXT PRIMARY KEY);
  CREATE TABLE participant (conversation_id TEXT REFERENCES conversation (id), user_id TEXT, PRIMARY KEY (conversation_id, user_id));
  CREATE TABLE message (id TEXT PRIMARY KEY, conversation_id TEXT NOT NULL REFERENCES conversation (id), sender_id TEXT NOT NULL,
    content TEXT NOT NULL, created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP);
  CREATE FUNCTION tell_participant() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN PERFORM pg_notify(''user_rooms'', coalesce(NEW.user_id, OLD.user_id)); RETURN NULL; END';
  CREATE TRIGGER tell AFTER INSERT OR DELETE ON participant FOR EACH ROW EXECUTE FUNCTION tell_participant();
  INSERT INTO conversation VALUES ('c1'), ('c2');
  INSERT INTO participant VALUES ('c1', 'id-of-ann'), ('c1', 'id-of-bob'), ('c2', 'id-of-ann'), ('c2', 'id-of-eve')`;

const env = {
  USER_ROOMS_QUERY: 'SELECT conversation_id FROM participant WHERE user_id = $1',
  USER_ROOMS_CHANNEL: 'user_rooms',
  SEND_EVENTS: 'sendMessage',
  MESSAGE_EVENT: 'newMessage',
};

const send = (socket, conversationId, text) => ask(socket, 'sendMessage', { conversationId, content: words(text) });
const is = (text) => (message) => message.content === words(text);

test('everybody hears their conversations without joining, and nobody another', async (t) => {
  const { gateway, database } = await adopt(t, { schema, env });
  const [ann, phone, bob, eve] = await Promise.all(['ann', 'ann', 'bob', 'eve'].map((name) => visit(t, gateway, name)));
  assert.ok((await send(bob, 'c1', 'hi ann')).ok);
  assert.ok((await send(eve, 'c2', 'me too')).ok);
  for (const socket of [ann, phone]) {
    await told(socket, 'newMessage', is('hi ann'));
    await told(socket, 'newMessage', is('me too'));
  }
  assert.equal((await send(eve, 'c1', 'let me in')).code, 'not_in_room');
  assert.equal((await ask(eve, 'join_room', 'c1')).code, 'forbidden');
  await told(eve, 'newMessage', is('me too'));
  assert.equal(said(eve, 'newMessage').length, 1);
  assert.equal((await database.query('SELECT * FROM message')).length, 2);
});

for (const gateways of [1, 2]) {
  test(`who is invited or taken out by the app is so at once, with ${gateways} gateway${gateways > 1 ? 's' : ''}`, async (t) => {
    const all = await adopt(t, { schema, env, gateways });
    const [ann, bob, eve] = await Promise.all(['ann', 'bob', 'eve'].map((name, i) => visit(t, all.gateways[i % gateways], name)));
    await all.database.query(`INSERT INTO conversation VALUES ('c3'); INSERT INTO participant VALUES ('c3', 'id-of-bob'), ('c3', 'id-of-eve')`);
    await told(bob, 'room_members', (members) => members.length === 2 && members.some(({ userId }) => userId === 'id-of-eve'));
    assert.ok((await send(eve, 'c3', 'a new one')).ok);
    await told(bob, 'newMessage', is('a new one'));
    heardNothing(ann, 'newMessage');

    await all.database.query(`DELETE FROM participant WHERE conversation_id = 'c3' AND user_id = 'id-of-bob'`);
    const { code, roomId } = await told(bob, 'error');
    assert.deepEqual([code, roomId], ['forbidden', 'c3']);
    assert.ok((await send(eve, 'c3', 'without bob')).ok);
    assert.equal((await send(bob, 'c3', 'still here')).code, 'not_in_room');
    assert.deepEqual(said(bob, 'newMessage').map(([message]) => message.content), [words('a new one')]);
  });
}

test('what was said while a client was away comes to it, after a kill of the gateway too', async (t) => {
  const all = { ...env, PORT: await freePort() };
  const { gateway, database } = await adopt(t, { schema, env: all });
  const [ann, bob] = [await visit(t, gateway, 'ann', { reconnect: true }), await visit(t, gateway, 'bob', { reconnect: true })];
  assert.ok((await send(bob, 'c1', 'one')).ok);
  await told(ann, 'newMessage', is('one'));
  const back = event(ann, 'connect');
  ann.io.engine.close();
  assert.ok((await send(bob, 'c1', 'two')).ok);
  await told(ann, 'newMessage', is('two'));
  await back;
  assert.ok(ann.recovered);

  await gateway.kill();
  await adopt.again(t, { env: all, database });
  await until('bob to be back', () => bob.connected);
  assert.ok((await send(bob, 'c1', 'three')).ok);
  await told(ann, 'newMessage', is('three'));
  assert.ok(ann.recovered, 'it goes on where it was');
  assert.deepEqual(said(ann, 'newMessage').map(([message]) => message.content), ['one', 'two', 'three'].map(words));
});
