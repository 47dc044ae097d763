// Joining and leaving: every form in use, and nobody stays behind as a ghost.
import assert from 'node:assert/strict';
import { createDatabase } from './harness/database.js';
import { startGateway } from './harness/gateway.js';
import { ask, connect, hears, join, say, sees, words } from './harness/people.js';
import { test } from './harness/test.js';
import { until } from './harness/waiting.js';

const NAMES = { join: ['join_room', 'joinRoom', 'join-room'], leave: ['leave_room', 'leaveRoom', 'leave-room'], send: ['send_message', 'sendMessage', 'send-message'] };

test('a room is named by a string, a number, or an object with any of the usual keys', async (t) => {
  const gateway = await startGateway(t);
  const ann = await connect(t, gateway, 'ann');
  const forms = ['a room', 42, { roomId: 'b' }, { room: 'c' }, { conversationId: 'd' }, { chatId: 7 }, { channelId: 'f' }, { roomId: 'g', userId: 'somebody else' }];
  for (const form of forms) {
    const what = JSON.stringify(form);
    const bob = await connect(t, gateway, 'bob');
    await join(bob, form);
    const room = String(typeof form === 'object' ? Object.values(form)[0] : form);
    await join(ann, room);
    await say(ann, room, what);
    await hears(bob, what);
    assert.ok((await ask(bob, 'leave_room', form)).ok, `leaving by ${what}`);
    await sees(ann, ['ann']);
    bob.disconnect();
  }
});

test('event names may be in snake, camel or kebab case', async (t) => {
  const gateway = await startGateway(t);
  const ann = await connect(t, gateway, 'ann');
  for (const name of NAMES.join) {
    assert.ok((await ask(ann, name, name)).ok, name);
    for (const send of NAMES.send) assert.equal((await ask(ann, send, { roomId: name, text: words(send) })).ok, true, send);
  }
  for (const [i, name] of NAMES.leave.entries()) {
    await join(ann, `room ${i}`);
    assert.ok((await ask(ann, name, `room ${i}`)).ok, name);
    assert.equal((await ask(ann, 'send_message', { roomId: `room ${i}`, text: words('still here?') })).code, 'not_in_room', name);
  }
});

test('a successful join is acked in all three dialects, with the members', async (t) => {
  const gateway = await startGateway(t);
  await join(await connect(t, gateway, 'ann'), 'lobby');
  const { ok, success, status, members } = await ask(await connect(t, gateway, 'bob'), 'join_room', 'lobby');
  assert.deepEqual({ ok, success, status }, { ok: true, success: true, status: 'ok' });
  assert.deepEqual(members.map((member) => member.username).sort(), ['ann', 'bob']);
});

test('joining a room leaves every other: no ghost stays on the list, none hears what is said', async (t) => {
  const gateway = await startGateway(t);
  const [ann, bob] = [await connect(t, gateway, 'ann'), await connect(t, gateway, 'bob')];
  await join(ann, 'kitchen');
  await join(bob, 'kitchen');
  await sees(ann, ['ann', 'bob']);

  await join(bob, 'garden');
  await sees(ann, ['ann']);
  assert.deepEqual((await join(ann, 'kitchen')).members.map((member) => member.username), ['ann']);
  const heard = bob.members.length;
  await say(ann, 'kitchen', 'only for the kitchen');
  await say(bob, 'garden', 'only for the garden');
  await hears(bob, 'only for the garden');
  assert.deepEqual(bob.messages.map((message) => message.text), [words('only for the garden')]);
  await sees(bob, ['bob']);
  assert.ok(bob.members.slice(heard).every((list) => list.every((member) => member.username === 'bob')));
  assert.equal((await ask(bob, 'send_message', { roomId: 'kitchen', text: words('boo') })).code, 'not_in_room');
});

test('joining the room one is in already changes nothing', async (t) => {
  const gateway = await startGateway(t);
  const [ann, bob] = [await connect(t, gateway, 'ann'), await connect(t, gateway, 'bob')];
  await join(ann, 'lobby');
  await join(bob, 'lobby');
  await join(bob, 'lobby');
  await say(ann, 'lobby', 'once');
  await say(ann, 'lobby', 'twice');
  await hears(bob, 'twice');
  assert.equal(bob.messages.length, 2);
  await sees(ann, ['ann', 'bob']);
});

test('switching back and forth quickly ends in the last room, and only there', async (t) => {
  const gateway = await startGateway(t);
  const [ann, bob] = [await connect(t, gateway, 'ann'), await connect(t, gateway, 'bob')];
  await join(ann, 'room 0');
  for (let i = 1; i < 20; i++) bob.emit('join_room', `room ${i % 3}`);
  await join(bob, 'room 0');
  await sees(ann, ['ann', 'bob']);
  for (let i = 1; i < 3; i++) assert.equal((await ask(bob, 'send_message', { roomId: `room ${i}`, text: words('here?') })).code, 'not_in_room');
  await join(bob, 'room 1');
  await sees(ann, ['ann']);
});

test('JOIN_MODE=multi keeps the rooms one is in', async (t) => {
  const gateway = await startGateway(t, { JOIN_MODE: 'multi' });
  const [ann, bob] = [await connect(t, gateway, 'ann'), await connect(t, gateway, 'bob')];
  await join(ann, 'kitchen');
  await join(bob, 'kitchen');
  await join(bob, 'garden');
  await say(ann, 'kitchen', 'is bob here?');
  await hears(bob, 'is bob here?');
  await say(bob, 'garden', 'and here');
  await hears(bob, 'and here');
  await sees(ann, ['ann', 'bob']);
});

test('who has left hears no more, and is told no more', async (t) => {
  const gateway = await startGateway(t);
  const [ann, bob] = [await connect(t, gateway, 'ann'), await connect(t, gateway, 'bob')];
  await join(ann, 'lobby');
  await join(bob, 'lobby');
  assert.deepEqual(await ask(bob, 'leave_room', 'lobby').then(({ ok, success, status }) => ({ ok, success, status })), { ok: true, success: true, status: 'ok' });
  await sees(ann, ['ann']);
  const lists = bob.members.length;
  await say(ann, 'lobby', 'behind his back');
  await join(bob, 'elsewhere');
  await say(bob, 'elsewhere', 'here');
  await hears(bob, 'here');
  assert.deepEqual(bob.messages.map((message) => message.text), [words('here')]);
  assert.ok(bob.members.slice(lists).every((list) => list.every((member) => member.username === 'bob')));
});

test("nobody joins, or speaks into, another socket's private room", async (t) => {
  const gateway = await startGateway(t, { REQUIRE_JOIN: 'false' });
  const [ann, mallory] = [await connect(t, gateway, 'ann'), await connect(t, gateway, 'mallory')];
  await join(ann, 'lobby');
  for (const form of [ann.id, { roomId: ann.id }]) {
    const { ok, success, status, code, error } = await ask(mallory, 'join_room', form);
    assert.deepEqual({ ok, success, status, code }, { ok: false, success: false, status: 'error', code: 'forbidden' });
    assert.equal(typeof error, 'string');
  }
  assert.equal((await ask(mallory, 'send_message', { roomId: ann.id, text: words('psst') })).ok, false);
  await say(ann, 'lobby', 'all quiet');
  await hears(ann, 'all quiet');
  assert.equal(ann.messages.length, 1);
});

test('a room that can not be one is a bad_request, and the socket stays where it is', async (t) => {
  const gateway = await startGateway(t);
  const ann = await connect(t, gateway, 'ann');
  await join(ann, 'lobby');
  for (const form of [null, '', {}, [], ['lobby'], true, { roomId: null }, { roomId: '' }, { roomId: {} }, { roomId: ['a'] }, { name: 'lobby' }]) {
    for (const name of ['join_room', 'leave_room']) {
      assert.equal((await ask(ann, name, form)).code, 'bad_request', `${name} ${JSON.stringify(form)}`);
    }
  }
  assert.equal((await ask(ann, 'join_room')).code, 'bad_request', 'no room at all');
  assert.equal((await ask(ann, 'join_room', 'x'.repeat(100_000))).ok, false);
  await say(ann, 'lobby', 'still here');
});

test('rooms called like parts of JavaScript or SQL are rooms like any other', async (t) => {
  const gateway = await startGateway(t);
  const ann = await connect(t, gateway, 'ann');
  for (const room of ['__proto__', 'constructor', 'toString', "'; DROP TABLE \"Message\"; --", '$1', 'Zimmer Nr. 5 🚪', '\u202e\ufffd']) {
    await join(ann, room);
    await say(ann, room, room);
    await hears(ann, room);
    assert.deepEqual((await gateway.database.messages(room)).map((row) => row.plaintext), [words(room)]);
  }
});

test('ROOM_ACCESS_QUERY decides who may join', async (t) => {
  const database = await createDatabase(t);
  await database.query(`INSERT INTO "Room" VALUES ('staff', 'id-of-ann')`);
  const gateway = await startGateway(t, { ROOM_ACCESS_QUERY: 'SELECT 1 FROM "Room" WHERE id = $1 AND name = $2' }, { database });
  const [ann, mallory] = [await connect(t, gateway, 'ann'), await connect(t, gateway, 'mallory')];
  await join(ann, 'staff');
  assert.equal((await ask(mallory, 'join_room', 'staff')).code, 'forbidden');
  assert.equal((await ask(mallory, 'send_message', { roomId: 'staff', text: words('hello') })).code, 'not_in_room');
  await sees(ann, ['ann']);
});

test("the app's own event names are understood in every case", async (t) => {
  const gateway = await startGateway(t, { JOIN_EVENTS: 'join_chat,enter', SEND_EVENTS: 'new_message', MESSAGE_EVENT: 'message', MEMBERS_EVENT: 'online_users' });
  const ann = await connect(t, gateway, 'ann');
  const told = { message: [], online_users: [] };
  for (const name of Object.keys(told)) ann.on(name, (payload) => told[name].push(payload));
  for (const name of ['join_chat', 'joinChat', 'join-chat', 'enter']) assert.ok((await ask(ann, name, name)).ok, name);
  for (const name of ['new_message', 'newMessage', 'new-message']) assert.ok((await ask(ann, name, { roomId: 'enter', text: words(name) })).ok, name);
  await until('the messages', () => told.message.length === 3);
  assert.deepEqual(told.online_users.at(-1), [{ userId: 'id-of-ann', username: 'ann' }]);
  assert.deepEqual([ann.messages, ann.members], [[], []]);
});
