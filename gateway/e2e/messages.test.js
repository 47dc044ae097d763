// A message: encrypted as the app reads it, stored, then told to the room in plaintext, by whom it really is.
import assert from 'node:assert/strict';
import { FOREIGN_KEYS } from './harness/database.js';
import { SPOKEN, startGateway } from './harness/gateway.js';
import { ask, connect, hears, join, say, words } from './harness/people.js';
import { test } from './harness/test.js';
import { until } from './harness/waiting.js';
import { openWire } from './harness/wire.js';

/** A gateway, and the named people in its lobby. */
async function lobby(t, names, env) {
  const gateway = await startGateway(t, env);
  const people = [];
  for (const name of names) {
    const socket = await connect(t, gateway, name);
    await join(socket, 'lobby');
    people.push(socket);
  }
  return { gateway, people };
}

test("the stored text is ciphertext that the app's own node:crypto decrypts", async (t) => {
  const { gateway, people: [ann] } = await lobby(t, ['ann']);
  const texts = ['hello', 'ä ö ü ß — ✓ 👩‍👩‍👧', '{"json":"inside"}', 'a:b:c', '\n \t "quoted" \\ </script>', 'long '.repeat(1_000)];
  for (const text of texts) await say(ann, 'lobby', text);

  const rows = await gateway.database.messages('lobby');
  assert.deepEqual(rows.map((row) => row.plaintext), texts.map(words));
  for (const row of rows) {
    assert.match(row.text, /^[0-9a-f]{32}:[0-9a-f]{32}:[0-9a-f]+$/, 'iv:tag:ciphertext in hex, the IV of 16 bytes');
    assert.equal(row.userId, 'id-of-ann');
    assert.ok(!JSON.stringify({ ...row, plaintext: undefined }).includes(SPOKEN), 'no plaintext anywhere in the row');
  }
  const ivs = new Set(rows.map((row) => row.text.slice(0, 32)));
  assert.equal(ivs.size, texts.length, 'no IV is used twice');
});

test('everyone in the room hears it, the sender included: the stored row, in plaintext', async (t) => {
  const { gateway, people: [ann, bob, cid] } = await lobby(t, ['ann', 'bob', 'cid']);
  await say(ann, 'lobby', 'hello');
  const [row] = await gateway.database.messages('lobby');
  for (const socket of [ann, bob, cid]) {
    await hears(socket, 'hello');
    assert.deepEqual(socket.messages, [{
      id: row.id, text: words('hello'), userId: 'id-of-ann', roomId: 'lobby', createdAt: row.createdAt.toISOString(), user: { username: 'ann' } }]);
  }
  assert.match(ann.messages[0].createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Math.abs(Date.parse(ann.messages[0].createdAt) - Date.now()) < 10_000);
  assert.ok(row.id.length >= 20, 'an id as Prisma makes it');
});

test('nobody outside the room hears it', async (t) => {
  const { gateway, people: [ann] } = await lobby(t, ['ann']);
  const outside = await connect(t, gateway, 'eve');
  const elsewhere = await connect(t, gateway, 'bob');
  await join(elsewhere, 'elsewhere');
  await say(ann, 'lobby', 'between us');
  await say(elsewhere, 'elsewhere', 'here');
  await hears(elsewhere, 'here');
  await ask(outside, 'join_room', 'lobby');
  await say(ann, 'lobby', 'welcome');
  await hears(outside, 'welcome');
  assert.equal(elsewhere.messages.length, 1);
  assert.equal(outside.messages.length, 1);
});

test("the text may be under text, message or content, and comes back under text and the client's own key", async (t) => {
  const { gateway, people: [ann, bob] } = await lobby(t, ['ann', 'bob']);
  for (const key of ['text', 'message', 'content']) {
    const { ok, message } = await ask(ann, 'send_message', { roomId: 'lobby', [key]: words(key) });
    assert.ok(ok, key);
    const heard = await hears(bob, key);
    for (const told of [heard, message]) {
      assert.equal(told.text, words(key));
      assert.equal(told[key], words(key));
    }
  }
  assert.deepEqual((await gateway.database.messages()).map((row) => row.plaintext), ['text', 'message', 'content'].map(words));
});

test('the room may be under any of the usual keys, as a string or a number', async (t) => {
  const { gateway, people: [ann] } = await lobby(t, ['ann']);
  for (const [key, room] of Object.entries({ roomId: 'a', room: 'b', conversationId: 'c', chatId: 4, channelId: 'e', room_id: 'f', 'chat-id': 'g' })) {
    await join(ann, room);
    const { ok, message } = await ask(ann, 'send_message', { [key]: room, text: words(key) });
    assert.ok(ok, key);
    assert.equal(message.roomId, String(room), key);
    assert.equal((await gateway.database.messages(String(room))).length, 1, key);
    await hears(ann, key);
  }
});

test("the client's own fields come along, with the row on top", async (t) => {
  const { people: [ann, bob] } = await lobby(t, ['ann', 'bob']);
  const own = { tempId: 'temp-1', replyTo: null, mentions: ['bob', 3], nested: { deep: [true, 1.5, 'ü'] }, big: 12345678901234567890 };
  const { message } = await ask(ann, 'send_message', { roomId: 'lobby', text: words('hello'), ...own, id: 'mine', createdAt: 'yesterday' });
  const heard = await hears(bob, 'hello');
  for (const told of [heard, message]) {
    for (const [key, value] of Object.entries(own)) assert.deepEqual(told[key], value, key);
    assert.notEqual(told.id, 'mine');
    assert.ok(Date.parse(told.createdAt) > 0);
  }
  assert.equal(heard.id, message.id);
});

test('nobody speaks in another name', async (t) => {
  const { gateway, people: [mallory, bob] } = await lobby(t, ['mallory', 'bob']);
  const fields = ['userId', 'senderId', 'sender', 'author', 'authorId', 'username', 'user', 'from', 'senderName', 'user_id', 'sender_id', 'userName'];
  const disguises = ['boss', { id: 'boss', userId: 'boss', username: 'boss', name: 'boss', email: 'boss@example.com', avatar: 'boss.png' }, ['boss'], 7777];
  for (const disguise of disguises) {
    mallory.messages = [];
    bob.messages = [];
    const spoofed = Object.fromEntries(fields.map((field) => [field, disguise]));
    const { message } = await ask(mallory, 'send_message', { roomId: 'lobby', text: words('obey'), ...spoofed });
    const heard = await hears(bob, 'obey');
    for (const told of [heard, message]) {
      assert.ok(!/boss|7777/.test(JSON.stringify(told)), `disguise left in ${JSON.stringify(told)}`);
      assert.equal(told.userId, 'id-of-mallory');
      assert.equal(told.user.username, 'mallory');
      for (const field of ['senderId', 'authorId']) assert.equal(told[field], 'id-of-mallory', field);
      assert.equal(told.username, 'mallory');
    }
  }
  assert.ok((await gateway.database.messages()).every((row) => row.userId === 'id-of-mallory'));
});

test('a key twice in the JSON does not smuggle another name in', async (t) => {
  const { gateway, people: [bob] } = await lobby(t, ['bob']);
  const wire = await openWire(t, gateway, { as: 'mallory' });
  await wire.enter('lobby');
  wire.send(`421["send_message",{"userId":"boss","roomId":"lobby","text":"${words('obey')}","userId":"boss","\\u0075serId":"boss","UserId":"boss","user":{"username":"boss"}}]`);
  await hears(bob, 'obey');
  const raw = await wire.frame('42["receive_message"');
  assert.equal(JSON.parse(raw.slice(2))[1].userId, 'id-of-mallory');
  assert.equal(bob.messages[0].userId, 'id-of-mallory');
  assert.equal(bob.messages[0].user.username, 'mallory');
  assert.ok(!/"(userId|\\u0075serId)":"boss"/.test(raw), raw);
});

test('the ack of a message carries the stored message', async (t) => {
  const { gateway, people: [ann] } = await lobby(t, ['ann']);
  const { ok, success, status, message } = await ask(ann, 'send_message', { roomId: 'lobby', text: words('hello'), tempId: 7 });
  assert.deepEqual({ ok, success, status }, { ok: true, success: true, status: 'ok' });
  const [row] = await gateway.database.messages('lobby');
  assert.deepEqual(message, {
    id: row.id, text: words('hello'), userId: 'id-of-ann', roomId: 'lobby', createdAt: row.createdAt.toISOString(), user: { username: 'ann' }, tempId: 7 });
});

test('who has not joined may not speak', async (t) => {
  const { gateway, people: [ann] } = await lobby(t, ['ann']);
  const eve = await connect(t, gateway, 'eve');
  const { ok, success, status, code, error } = await ask(eve, 'send_message', { roomId: 'lobby', text: words('hello') });
  assert.deepEqual({ ok, success, status, code }, { ok: false, success: false, status: 'error', code: 'not_in_room' });
  assert.equal(typeof error, 'string');
  await say(ann, 'lobby', 'quiet here');
  await hears(ann, 'quiet here');
  assert.equal(ann.messages.length, 1);
  assert.equal((await gateway.database.messages()).length, 1);
});

test('a message for another room is not said in the one that the sender is in, whatever the spelling', async (t) => {
  const { gateway, people: [ann] } = await lobby(t, ['ann']);
  for (const key of ['roomId', 'room_id', 'chat_id', 'RoomID']) {
    assert.equal((await ask(ann, 'send_message', { [key]: 'elsewhere', text: words('secret') })).code, 'not_in_room', key);
  }
  assert.deepEqual(await gateway.database.messages(), []);
  await say(ann, 'lobby', 'all quiet');
  await hears(ann, 'all quiet');
  assert.equal(ann.messages.length, 1);
});

test('REQUIRE_JOIN=false lets anybody speak', async (t) => {
  const { gateway, people: [ann] } = await lobby(t, ['ann'], { REQUIRE_JOIN: 'false' });
  const eve = await connect(t, gateway, 'eve');
  await say(eve, 'lobby', 'from outside');
  await hears(ann, 'from outside');
});

test('without a room, a message goes to the one room that the sender is in', async (t) => {
  const { gateway, people: [ann] } = await lobby(t, ['ann'], { JOIN_MODE: 'multi' });
  assert.equal((await ask(ann, 'send_message', { text: words('hello') })).message?.roomId, 'lobby');
  await join(ann, 'kitchen');
  assert.equal((await ask(ann, 'send_message', { text: words('to which?') })).ok, false);
  const bob = await connect(t, gateway, 'bob');
  assert.equal((await ask(bob, 'send_message', { text: words('to none') })).ok, false);
  assert.equal((await gateway.database.messages()).length, 1);
});

test('a message without a text is a bad_request, and nothing is stored', async (t) => {
  const { gateway, people: [ann] } = await lobby(t, ['ann']);
  for (const payload of [{}, { text: '' }, { text: '   ' }, { text: 5 }, { text: null }, { text: {} }, { text: ['a'] }, { message: { text: 'a' } }]) {
    assert.equal((await ask(ann, 'send_message', { roomId: 'lobby', ...payload })).code, 'bad_request', JSON.stringify(payload));
  }
  for (const payload of [null, 'hello', 5, [], true]) assert.equal((await ask(ann, 'send_message', payload)).code, 'bad_request', JSON.stringify(payload));
  assert.equal((await ask(ann, 'send_message')).code, 'bad_request', 'nothing at all');
  assert.deepEqual(await gateway.database.messages(), []);
  assert.deepEqual(ann.messages, []);
  assert.deepEqual(ann.errors, [], 'an acked failure is not told twice');
});

test('a text that is too long is too_large, and the connection goes on', async (t) => {
  const { gateway, people: [ann] } = await lobby(t, ['ann'], { MAX_TEXT: 1_000 });
  assert.equal((await ask(ann, 'send_message', { roomId: 'lobby', text: words('x'.repeat(1_001)) })).code, 'too_large');
  await say(ann, 'lobby', 'shorter');
  assert.deepEqual((await gateway.database.messages()).map((row) => row.plaintext), [words('shorter')]);
});

test('without an ack, a failure is told by an error event', async (t) => {
  const { people: [ann] } = await lobby(t, ['ann']);
  ann.emit('send_message', { roomId: 'lobby' });
  ann.emit('send_message', { roomId: 'elsewhere', text: words('hello') });
  ann.emit('join_room', {});
  await until('three errors', () => ann.errors.length === 3);
  assert.deepEqual(ann.errors.map(({ code, event }) => ({ code, event })), [
    { code: 'bad_request', event: 'send_message' }, { code: 'not_in_room', event: 'send_message' }, { code: 'bad_request', event: 'join_room' }]);
  for (const error of ann.errors) assert.ok(error.message.length > 0);
  assert.ok(!JSON.stringify(ann.errors).includes(SPOKEN), 'an error does not repeat what was said');
});

test('a message to a room that the database does not know is refused, and takes no other message with it', async (t) => {
  const { gateway, people: [ann, bob] } = await lobby(t, ['ann', 'bob']);
  await gateway.database.query(`
    INSERT INTO "User" VALUES ('id-of-ann', 'ann', ''), ('id-of-bob', 'bob', '');
    INSERT INTO "Room" VALUES ('lobby', 'lobby'); ${FOREIGN_KEYS}`);
  await join(bob, 'nowhere');
  const good = Array.from({ length: 20 }, (_, i) => say(ann, 'lobby', `good ${i}`));
  const bad = Array.from({ length: 20 }, (_, i) => ask(bob, 'send_message', { roomId: 'nowhere', text: words(`bad ${i}`) }));
  for (const { code } of await Promise.all(bad)) assert.equal(code, 'bad_request');
  await Promise.all(good);
  assert.equal((await gateway.database.messages()).length, 20);
  assert.deepEqual(bob.messages, []);
});

test('DATABASE_URL=none relays without storing', async (t) => {
  const gateway = await startGateway(t, { DATABASE_URL: 'none', MESSAGE_ENCRYPTION_KEY: undefined });
  const [ann, bob] = [await connect(t, gateway, 'ann'), await connect(t, gateway, 'bob')];
  await join(ann, 'lobby');
  await join(bob, 'lobby');
  const message = await say(ann, 'lobby', 'just passing through', { tempId: 1 });
  assert.deepEqual(await hears(bob, 'just passing through'), message);
  assert.deepEqual([message.userId, message.user, message.tempId], ['id-of-ann', { username: 'ann' }, 1]);
  assert.equal((await gateway.get('/readyz')).status, 200);
});
