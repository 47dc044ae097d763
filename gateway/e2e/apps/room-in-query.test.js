// An app whose pages are rooms: the client says in its handshake where it is, and never joins.
//
//   io.on("connection", (socket) => { const { room } = socket.handshake.query; socket.join(room); socket.on("message", (text) => io.to(room).emit("message", …)) });
import assert from 'node:assert/strict';
import { adopt, heardNothing, said, told, visit } from '../harness/apps.js';
import { ask, words } from '../harness/people.js';
import { freePort } from '../harness/ports.js';
import { test } from '../harness/test.js';
import { event, until } from '../harness/waiting.js';

const schema = `CREATE TABLE member (room TEXT, user_id TEXT);
  INSERT INTO member VALUES ('r1', 'id-of-ann'), ('r1', 'id-of-bob'), ('r2', 'id-of-eve');
  CREATE TABLE message (id TEXT PRIMARY KEY, text TEXT NOT NULL, user_id TEXT NOT NULL, room TEXT NOT NULL, created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP)`;
const env = { DEFAULT_ROOM: '$query.room', JOIN_WAIT: '0s', MESSAGE_ROOM_COLUMN: 'room', SEND_EVENTS: 'message', MESSAGE_EVENT: 'message', SEND_ARGS: 'text',
  ROOM_ACCESS_QUERY: 'SELECT count(*) FROM member WHERE room = $1 AND user_id = $2' };

const at = (gateway, room) => ({ url: `${gateway.url}${room ? `/?room=${room}` : ''}` });
const is = (text) => (message) => message.text === words(text);

for (const gateways of [1, 2]) {
  test(`people are in the room of their page, if they may be, with ${gateways} gateway${gateways > 1 ? 's' : ''}`, async (t) => {
    const all = await adopt(t, { schema, env, gateways });
    const last = all.gateways.at(-1);
    const ann = await visit(t, at(all.gateway, 'r1'), 'ann');
    const bob = await visit(t, at(last, 'r1'), 'bob');
    const eve = await visit(t, at(last, 'r1'), 'eve');
    const nowhere = await visit(t, at(last), 'bob');
    await told(ann, 'room_members', (list) => list.length === 2);
    await told(eve, 'error', ({ code, roomId }) => code === 'forbidden' && roomId === 'r1');
    assert.ok((await ask(ann, 'message', words('hi'))).ok);
    await told(bob, 'message', is('hi'));
    for (const socket of [eve, nowhere]) assert.equal((await ask(socket, 'message', words('me too'))).ok, false);
    heardNothing(eve, 'message');
    heardNothing(nowhere, 'message');
    heardNothing(nowhere, 'error');
    assert.deepEqual((await all.database.query('SELECT room, user_id FROM message')), [{ room: 'r1', user_id: 'id-of-ann' }]);
  });
}

test('the room in auth does as well, and a killed gateway brings its people back where they were', async (t) => {
  const all = { ...env, DEFAULT_ROOM: '$auth.room', PORT: await freePort() };
  const { gateway, database } = await adopt(t, { schema, env: all });
  const [ann, bob] = await Promise.all(['ann', 'bob'].map((as) => visit(t, gateway, as, { reconnect: true, auth: { room: 'r1' } })));
  assert.ok((await ask(ann, 'message', words('one'))).ok);
  await told(bob, 'message', is('one'));
  // Nobody was told by an ack when their rooms were written down.
  await until('their sessions to be saved', async () => (await database.query('SELECT count(*)::int AS n FROM socketgate.sessions'))[0].n === 2);
  const back = event(bob, 'connect', 20_000);
  await gateway.kill();
  await adopt.again(t, { env: all, database });
  await until('ann to be back', () => ann.connected, 20_000);
  assert.ok((await ask(ann, 'message', words('two'))).ok);
  await back;
  assert.ok(bob.recovered);
  await told(bob, 'message', is('two'), 20_000);
  assert.deepEqual(said(bob, 'message').map(([message]) => message.text), ['one', 'two'].map(words));
});
