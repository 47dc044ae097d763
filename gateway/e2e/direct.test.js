// Messages to one person: tables with a receiver and no room. Who reads whose mail, and that nothing goes where it was not sent.
import assert from 'node:assert/strict';
import { createDatabase, decrypt } from './harness/database.js';
import { runGateway, startGateway } from './harness/gateway.js';
import { ask, connect, hears, join, person, say, token, words } from './harness/people.js';
import { test } from './harness/test.js';
import { event, until } from './harness/waiting.js';

const DIRECT = `DROP TABLE "Message"; CREATE TABLE "Message" ("id" TEXT PRIMARY KEY, "content" TEXT NOT NULL,
  "senderId" TEXT NOT NULL, "receiverId" TEXT NOT NULL, "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP)`;
const EITHER = `ALTER TABLE "Message" ALTER "roomId" DROP NOT NULL, ADD "receiverId" TEXT`;

async function withTable(t, sql) {
  const database = await createDatabase(t);
  await database.query(sql);
  return database;
}

const id = (name) => person(name).userId;
const texts = (socket) => socket.messages.map(({ text }) => text);

test('a message to a person reaches that person and the sender, on every device, and nobody else', async (t) => {
  const database = await withTable(t, DIRECT);
  const gateway = await startGateway(t, { RELAY_EVENTS: 'typing' }, { database });
  const [ann, phone, bob, eve] = await Promise.all(['ann', 'ann', 'bob', 'eve'].map((name) => connect(t, gateway, name)));
  for (const room of [id('bob'), `user:${id('bob')}`, `\u0000user\u0000${id('bob')}`, { roomId: `\u0000user\u0000${id('ann')}` }]) await ask(eve, 'join_room', room);

  const { ok, message } = await ask(ann, 'send_message', { senderId: id('eve'), receiverId: id('bob'), content: words('psst') });
  assert.ok(ok);
  assert.deepEqual([message.senderId, message.receiverId, message.content, 'roomId' in message], [id('ann'), id('bob'), words('psst'), false]);
  for (const socket of [ann, phone, bob]) assert.deepEqual(await hears(socket, 'psst'), message);

  for (const [key, value] of [['to', id('ann')], ['recipientId', id('ann')], ['receiver', { _id: id('ann') }], ['receiver_id', id('ann')], ['toUserId', id('ann')]]) {
    assert.ok((await ask(bob, 'send_message', { [key]: value, text: words(key) })).ok, key);
    await hears(phone, key);
  }
  const typing = event(bob, 'typing');
  ann.emit('typing', { receiverId: id('bob'), userId: id('eve') });
  assert.deepEqual(await typing, [{ receiverId: id('bob'), ...person('ann') }]);

  assert.ok((await ask(eve, 'send_message', { to: id('eve'), text: words('to herself') })).ok);
  await hears(eve, 'to herself');
  assert.deepEqual(texts(eve), [words('to herself')], 'nobody else reads their mail');
  assert.ok(!texts(ann).includes(words('to herself')) && !texts(bob).includes(words('to herself')));

  const rows = await database.query('SELECT * FROM "Message" ORDER BY "createdAt"');
  assert.deepEqual([rows[0].senderId, rows[0].receiverId, decrypt(rows[0].content)], [id('ann'), id('bob'), words('psst')]);
  assert.equal(rows.length, 7);
});

test('a message that names no one person is refused where the table has no room', async (t) => {
  const database = await withTable(t, DIRECT);
  const gateway = await startGateway(t, { JOIN_WAIT: '0s' }, { database });
  const ann = await connect(t, gateway, 'ann');
  await join(ann, 'lobby');
  for (const place of [{}, { roomId: 'lobby' }, { to: [id('bob'), id('eve')] }, { to: '' }, { group: 'g' }]) {
    assert.equal((await ask(ann, 'send_message', { ...place, text: words('lost') })).code, 'bad_request', JSON.stringify(place));
  }
  assert.equal((await ask(ann, 'send_message', { to: id('bob'), roomId: 'staff', text: words('lost') })).code, 'not_in_room');
  assert.deepEqual(await database.query('SELECT * FROM "Message"'), []);
});

test('a table with a room and a receiver takes both kinds, each to its own', async (t) => {
  const database = await withTable(t, EITHER);
  const gateway = await startGateway(t, {}, { database });
  const [ann, bob, eve] = await Promise.all(['ann', 'bob', 'eve'].map((name) => connect(t, gateway, name)));
  for (const socket of [ann, eve]) await join(socket, 'lobby');
  await say(ann, 'lobby', 'for all');
  assert.ok((await ask(ann, 'send_message', { to: id('bob'), text: words('for bob') })).ok);
  assert.equal((await ask(ann, 'send_message', { roomId: 'lobby', to: id('bob'), text: words('for whom?') })).code, 'bad_request');
  await say(ann, 'lobby', 'the end');
  await hears(bob, 'for bob');
  await hears(eve, 'the end');
  assert.deepEqual([texts(eve), texts(bob)], [[words('for all'), words('the end')], [words('for bob')]]);
  const rows = await database.query('SELECT "roomId", "receiverId" FROM "Message" ORDER BY "createdAt", "roomId"');
  assert.deepEqual(rows, [{ roomId: 'lobby', receiverId: null }, { roomId: null, receiverId: id('bob') }, { roomId: 'lobby', receiverId: null }]);
});

test('in a room, a message that could name another place is refused, stored nowhere and logged once', async (t) => {
  const gateway = await startGateway(t, { RELAY_EVENTS: 'typing' });
  const [ann, bob] = [await connect(t, gateway, 'ann'), await connect(t, gateway, 'bob')];
  for (const socket of [ann, bob]) await join(socket, 'lobby');
  for (const place of [{ to: 'bob' }, { recipient: 'bob' }, { channel: 'c' }, { groupId: 7 }, { roomName: 'r' }, { group: { id: 7 } }, { data: { roomId: 'r' } }]) {
    for (const name of ['send_message', 'typing']) {
      const { code, error } = await ask(ann, name, { ...place, text: words('for one') });
      assert.deepEqual([code, /MESSAGE_RECEIVER_COLUMN/.test(error)], ['bad_request', true], JSON.stringify(place));
    }
  }
  assert.ok((await ask(ann, 'send_message', { room: { id: 'lobby' }, text: words('by an object') })).ok);
  assert.ok((await ask(ann, 'send_message', { text: words('to all'), replyToId: 'm1', mentions: ['bob'], to: null })).ok);
  await hears(bob, 'to all');
  assert.deepEqual(texts(bob), [words('by an object'), words('to all')]);
  assert.equal(gateway.entries().filter(({ level, key }) => level === 'WARN' && key === 'to').length, 1);
});

test('check never takes a receiver for a room, and says what does', async (t) => {
  const database = await withTable(t, DIRECT);
  const env = { DATABASE_URL: database.url };
  const as = ['check', '--token', token(person('ann'))];
  const bad = await runGateway(as, { ...env, MESSAGE_ROOM_COLUMN: 'receiverId' });
  assert.notEqual(bad.code, 0);
  assert.match(bad.stdout, /MESSAGE_RECEIVER_COLUMN=receiverId/);
  const good = await runGateway(as, env);
  assert.match(good.stdout, /receiverId.*the receiver's id/);
  assert.match(good.stdout, /a message of user .* for user/);
  const none = await withTable(t, DIRECT.replaceAll('receiverId', 'peer'));
  const unknown = await runGateway(as, { DATABASE_URL: none.url });
  assert.notEqual(unknown.code, 0);
  assert.match(unknown.stdout, /MESSAGE_RECEIVER_COLUMN where messages go to one person/);
});
