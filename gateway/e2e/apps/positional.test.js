// An app of the tutorial's kind: its clients send the text and the room as two arguments, or the text alone.
//
//   socket.on("chat message", (msg, room) => io.to(room).emit("chat message", { msg }));
import assert from 'node:assert/strict';
import { adopt, heardNothing, told, visit } from '../harness/apps.js';
import { ask, words } from '../harness/people.js';
import { test } from '../harness/test.js';

const schema = `CREATE TABLE messages (id SERIAL PRIMARY KEY, content TEXT NOT NULL, user_id TEXT NOT NULL, room TEXT NOT NULL,
  created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP)`;
const env = { MESSAGE_ROOM_COLUMN: 'room', JOIN_WAIT: '0s', JOIN_EVENTS: 'join', SEND_EVENTS: 'chat message', MESSAGE_EVENT: 'chat message', SEND_ARGS: 'text,room',
  MESSAGE_SHAPE: '{"msg": $row.text, "from": $row.user.username, "at": $row.createdAt}', ACK_SHAPE: '$row', MEMBERS_SHAPE: '{"online": $ids}' };

test('two talk by (text, room) and by bare texts, and a third hears nothing', async (t) => {
  const { gateway, database } = await adopt(t, { schema, env });
  const [ann, bob, eve] = await Promise.all(['ann', 'bob', 'eve'].map((as) => visit(t, gateway, as)));
  for (const socket of [ann, bob]) await ask(socket, 'join', 'general');
  await told(ann, 'room_members', ({ online }) => online.length === 2);
  ann.emit('chat message', words('hi'), 'general');
  for (const socket of [ann, bob]) {
    const message = await told(socket, 'chat message', ({ msg }) => msg === words('hi'));
    assert.deepEqual(Object.keys(message), ['msg', 'from', 'at']);
    assert.equal(message.from, 'ann');
  }
  assert.equal((await ask(bob, 'chat message', words('hi ann'))).content, words('hi ann'));
  await told(ann, 'chat message', ({ msg, from }) => msg === words('hi ann') && from === 'bob');
  assert.equal((await eve.emitWithAck('chat message', words('let me in'), 'general')).ok, false);
  heardNothing(eve, 'chat message');
  assert.equal((await database.query('SELECT * FROM messages')).length, 2);
});
