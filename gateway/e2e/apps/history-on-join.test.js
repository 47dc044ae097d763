// An app whose server sends the latest messages of a room to whoever joins it, decrypted.
//
//   socket.on("joinRoom", async ({ roomId }) => {
//     socket.join(roomId);
//     const rows = await prisma.message.findMany({ where: { roomId }, orderBy: { createdAt: "desc" }, take: 3, include: { user: true } });
//     socket.emit("previousMessages", rows.reverse().map((row) => ({ ...row, text: decrypt(row.text) })));
//   });
import assert from 'node:assert/strict';
import { createCipheriv, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { adopt, heardNothing, said, told, visit } from '../harness/apps.js';
import { MESSAGE_KEY } from '../harness/database.js';
import { startGateway } from '../harness/gateway.js';
import { ask, words } from '../harness/people.js';
import { freePort } from '../harness/ports.js';
import { MESSAGE_TABLE, createFile } from '../harness/sqlite.js';
import { later, test } from '../harness/test.js';
import { event, until } from '../harness/waiting.js';

const schema = `
  CREATE TABLE "User" (id TEXT PRIMARY KEY, name TEXT NOT NULL);
  CREATE TABLE "Message" ("id" TEXT PRIMARY KEY, "text" TEXT NOT NULL, "userId" TEXT NOT NULL REFERENCES "User" (id), "roomId" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP);
  CREATE INDEX ON "Message" ("roomId", "createdAt");
  INSERT INTO "User" VALUES ('id-of-ann', 'ann'), ('id-of-bob', 'bob'), ('id-of-eve', 'eve')`;

const env = { JOIN_EVENTS: 'joinRoom', HISTORY_EVENT: 'previousMessages', HISTORY_SIZE: '3', MESSAGE_CIPHER: 'aes-256-gcm', MESSAGE_ENCRYPTION_KEY: MESSAGE_KEY };

function encrypt(text) {
  const iv = randomBytes(16);
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(MESSAGE_KEY, 'hex'), iv);
  const encrypted = Buffer.concat([cipher.update(text), cipher.final()]);
  return [iv, cipher.getAuthTag(), encrypted].map((part) => part.toString('hex')).join(':');
}

const ago = (minutes) => new Date(Date.now() - minutes * 60_000).toISOString();

/** A row as the app itself has written it before there was a gateway. */
function row(database, text, { room = 'r1', user = 'id-of-bob', minutes }) {
  return database.query('INSERT INTO "Message" VALUES ($1, $2, $3, $4, $5)', [randomUUID(), encrypt(words(text)), user, room, ago(minutes).slice(0, -1)]);
}

const join = (socket, roomId = 'r1') => ask(socket, 'joinRoom', { roomId });
const say = async (socket, text, roomId = 'r1') => assert.ok((await ask(socket, 'send_message', { roomId, text: words(text) })).ok);
const texts = (rows) => rows.map(({ text }) => text);

for (const gateways of [1, 2]) {
  test(`who joins is told the latest messages first, then what comes, with ${gateways} gateway${gateways > 1 ? 's' : ''}`, async (t) => {
    const app = await adopt(t, { schema, env, gateways });
    await row(app.database, 'of long ago', { minutes: 90 });
    await row(app.database, 'of an hour ago', { minutes: 60, user: 'id-of-eve' });
    await row(app.database, 'elsewhere', { minutes: 1, room: 'r2' });
    const [bob, ann] = await Promise.all(['bob', 'ann'].map((as, i) => visit(t, app.gateways[i % gateways], as)));
    assert.ok((await join(bob)).ok);
    assert.deepEqual(texts(said(bob, 'previousMessages')[0][0]), ['of long ago', 'of an hour ago'].map(words), 'it comes before the ack');
    const carol = await visit(t, app.gateways[gateways - 1], 'carol');
    assert.ok((await join(carol)).ok);
    await say(bob, 'one');
    await say(bob, 'two');
    await told(carol, 'receive_message', ({ text }) => text === words('two')); // what ann's gateway has not told yet comes live
    assert.ok((await join(ann)).ok);
    const [[history]] = said(ann, 'previousMessages');
    assert.deepEqual(texts(history), ['of an hour ago', 'one', 'two'].map(words));
    assert.equal(history[0].user.username, 'eve');
    const live = said(bob, 'receive_message')[0][0];
    assert.deepEqual([history[1].id, history[1].createdAt, history[1].user, history[1].roomId], [live.id, live.createdAt, live.user, 'r1']);
    await say(bob, 'three');
    await told(ann, 'receive_message', ({ text }) => text === words('three'));
    assert.ok((await join(ann)).ok);
    assert.equal(said(ann, 'previousMessages').length, 1, 'who is there already is told nothing');
    assert.equal(said(ann, 'receive_message').length, 1);
  });

  test(`nothing is missed or doubled between the history and what is said meanwhile, with ${gateways} gateway${gateways > 1 ? 's' : ''}`, async (t) => {
    const app = await adopt(t, { schema, env: { ...env, HISTORY_SIZE: '1000', RATE_LIMIT: '0', JOIN_MODE: 'multi' }, gateways });
    const bob = await visit(t, app.gateways[0], 'bob');
    assert.ok((await join(bob)).ok);
    let over = false;
    let n = 0;
    const saying = (async () => { while (!over) await say(bob, String(n++)); })();
    const all = [];
    for (let i = 0; i < 8; i++) {
      const socket = await visit(t, app.gateways[i % gateways], ['ann', 'eve'][i % 2]);
      assert.ok((await join(socket, 'r2')).ok);
      assert.ok((await join(socket)).ok);
      all.push(socket);
    }
    over = true;
    await saying;
    for (const socket of all) {
      await until('the last message', () => socket.heard.some(([name, value]) => name === 'receive_message' && value.text === words(String(n - 1))));
      const heard = socket.heard.filter(([name, value]) => name === 'receive_message' || name === 'previousMessages' && value.length > 0);
      const got = heard.flatMap(([name, value]) => (name === 'previousMessages' ? texts(value) : [value.text]));
      assert.deepEqual(got, Array.from({ length: n }, (_, i) => words(String(i))));
    }
  });
}

test('a room that may not be joined tells nothing, and an empty one an empty list, in the shape of the app', async (t) => {
  const shaped = { ...env, HISTORY_SHAPE: '{"room": $room, "messages": $rows}', ROOM_RULES: 'private-*=none' };
  const { gateway, database } = await adopt(t, { schema, env: shaped });
  await row(database, 'a secret', { minutes: 1, room: 'private-1' });
  const eve = await visit(t, gateway, 'eve');
  assert.equal((await join(eve, 'private-1')).code, 'forbidden');
  heardNothing(eve, 'previousMessages');
  assert.ok((await join(eve, 'r2')).ok);
  assert.deepEqual(said(eve, 'previousMessages'), [[{ room: 'r2', messages: [] }]]);
});

test('who comes back is told what was missed, and no history', async (t) => {
  const at = { ...env, PORT: await freePort() };
  const { gateway, database } = await adopt(t, { schema, env: at });
  const [ann, bob] = await Promise.all(['ann', 'bob'].map((as) => visit(t, gateway, as, { reconnect: true })));
  for (const socket of [ann, bob]) assert.ok((await join(socket)).ok);
  await say(bob, 'one');
  await told(ann, 'receive_message');
  const back = event(ann, 'connect');
  ann.io.engine.close();
  await say(bob, 'two');
  await back;
  assert.ok(ann.recovered);
  await told(ann, 'receive_message', ({ text }) => text === words('two'));
  await gateway.kill();
  await adopt.again(t, { env: at, database });
  await until('both to be back', () => ann.connected && bob.connected);
  assert.ok((await join(ann)).ok);
  await say(bob, 'three');
  await told(ann, 'receive_message', ({ text }) => text === words('three'));
  assert.deepEqual(said(ann, 'receive_message').map(([{ text }]) => text), ['one', 'two', 'three'].map(words));
  assert.deepEqual(said(ann, 'previousMessages'), [[[]]]);
});

test('rooms that the server chooses tell theirs when a client connects, and when it is taken there', async (t) => {
  const chosen = {
    ...env, DEFAULT_ROOM: 'lobby', USER_ROOMS_QUERY: 'SELECT room FROM participant WHERE person = $1', USER_ROOMS_CHANNEL: 'user_rooms',
    HISTORY_SHAPE: '{"room": $room, "texts": $rows}',
  };
  const { gateway, database } = await adopt(t, { schema: `${schema}; CREATE TABLE participant (room TEXT, person TEXT); INSERT INTO participant VALUES ('r1', 'id-of-ann'), ('empty', 'id-of-ann')`, env: chosen });
  for (const [i, room] of ['lobby', 'r1', 'r2'].entries()) await row(database, `in ${room}`, { minutes: i, room });
  const ann = await visit(t, gateway, 'ann');
  await until('both', () => said(ann, 'previousMessages').length === 2);
  await database.query(`INSERT INTO participant VALUES ('r2', 'id-of-ann'); SELECT pg_notify('user_rooms', 'id-of-ann')`);
  await until('the third', () => said(ann, 'previousMessages').length === 3);
  const all = Object.fromEntries(said(ann, 'previousMessages').map(([{ room, texts: rows }]) => [room, texts(rows)]));
  assert.deepEqual(all, { lobby: [words('in lobby')], r1: [words('in r1')], r2: [words('in r2')] });
});

test('without recovery there is a history too', async (t) => {
  const { gateway } = await adopt(t, { schema, env: { ...env, RECOVERY: 'off' } });
  const [bob, ann] = [await visit(t, gateway, 'bob'), await visit(t, gateway, 'ann')];
  assert.ok((await join(bob)).ok);
  await say(bob, 'one');
  assert.ok((await join(ann)).ok);
  assert.deepEqual(texts(await told(ann, 'previousMessages')), [words('one')]);
});

test('the rows of a SQLite file are a history as well', async (t) => {
  const folder = await mkdtemp(path(tmpdir(), 'sqlite-'));
  later(t, () => rm(folder, { recursive: true, force: true }));
  const file = path(folder, 'dev.db');
  const old = [90, 60].map((minutes) => `INSERT INTO "Message" VALUES ('${randomUUID()}', '${encrypt(words(`${minutes} minutes ago`))}', 'id-of-eve', 'r1', '${ago(minutes)}')`);
  await createFile(file, [MESSAGE_TABLE, ...old].join('; '));
  const gateway = await startGateway(t, { DATABASE_URL: `file:${file}`, ...env });
  const [bob, ann] = [await visit(t, gateway, 'bob'), await visit(t, gateway, 'ann')];
  assert.ok((await join(bob)).ok);
  await say(bob, 'one');
  await say(bob, 'two');
  assert.ok((await join(ann)).ok);
  const history = await told(ann, 'previousMessages');
  assert.deepEqual(texts(history), ['60 minutes ago', 'one', 'two'].map(words));
  assert.equal(history[0].userId, 'id-of-eve');
});
