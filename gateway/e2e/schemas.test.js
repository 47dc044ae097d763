// The message tables of common apps, as the real Prisma makes them, through the running gateway: what the room hears,
// and what the app then reads.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createDatabase, decrypt } from './harness/database.js';
import { startGateway } from './harness/gateway.js';
import { ask, connect, hears, join, say, words } from './harness/people.js';
import { sideBySide, test } from './harness/test.js';

const AN_ID = '0198c0de-0000-4000-8000-0123456789ab';
const NO_ID = '0198c0de-0000-4000-8000-00000000dead';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A database of Prisma's migration of that model (see ../internal/store/testdata/prisma/generate), and what `seed` adds. */
async function migrated(t, model, seed) {
  const database = await createDatabase(t);
  const migration = await readFile(new URL(`../internal/store/testdata/prisma/${model}.sql`, import.meta.url), 'utf8');
  await database.query(`DROP SCHEMA public CASCADE; CREATE SCHEMA public; ${migration}; ${seed}`);
  return database;
}

// `reads` gives the usual names to the app's columns; `columns` are the app's own, as its clients know them.
const SCHEMAS = {
  'content, senderId, conversationId': {
    model: 'conversation', user: 'ann', room: 'lobby', nowhere: 'nowhere', id: /^c[0-9a-z]{24}$/, key: 'content',
    seed: `INSERT INTO "User" (id, email) VALUES ('ann', 'a@example.com'); INSERT INTO "Conversation" (id, "updatedAt") VALUES ('lobby', now());`,
    columns: (row) => [row.content, row.senderId, row.sender.id, row.sender.username, row.conversationId],
    reads: 'SELECT id, content AS text, "senderId" AS "user", "conversationId" AS room, "createdAt", "updatedAt" FROM "Message" ORDER BY "createdAt"',
  },
  'message, authorId, chatId with autoincrement': {
    model: 'autoincrement', user: 1, room: 1, nowhere: 2, id: /^[12]$/, key: 'message',
    seed: `INSERT INTO "User" (username) VALUES ('ann'); INSERT INTO "Chat" (title) VALUES ('');`,
    columns: (row) => [row.message, row.authorId, row.author.id, row.author.username, row.chatId],
    reads: 'SELECT id, message AS text, "authorId" AS "user", "chatId" AS room, "createdAt" FROM "Message" ORDER BY id',
  },
  'snake case by @@map': {
    model: 'mapped', user: 'ann', room: '1', nowhere: '2', id: /^[12]$/, key: 'text',
    seed: `INSERT INTO users VALUES ('ann', 'ann'); INSERT INTO channels (name) VALUES ('');`,
    columns: (row) => [row.body, row.authorId, row.author.id, row.author.username, row.channelId],
    reads: 'SELECT id, body AS text, author_id AS "user", channel_id AS room, created_at AS "createdAt", updated_at AS "updatedAt" FROM messages ORDER BY id',
  },
  'uuids by the database': {
    model: 'uuid_default', user: AN_ID, room: AN_ID, nowhere: NO_ID, id: UUID, key: 'text',
    seed: `INSERT INTO "User" VALUES ('${AN_ID}', 'ann'); INSERT INTO "Room" VALUES ('${AN_ID}', '');`,
    reads: 'SELECT id, text, "userId" AS "user", "roomId" AS room, "createdAt" FROM "Message" ORDER BY "createdAt"',
  },
  'an enum, filled by MESSAGE_CONSTANTS': {
    model: 'enum', env: { MESSAGE_CONSTANTS: 'type=TEXT' }, user: 'ann', room: 'lobby', nowhere: 'nowhere', id: /^c[0-9a-z]{24}$/, key: 'text',
    seed: `INSERT INTO "User" VALUES ('ann', 'ann'); INSERT INTO "Room" VALUES ('lobby', '');`,
    reads: `SELECT id, text, "userId" AS "user", "roomId" AS room, "createdAt" FROM "Message" WHERE type = 'TEXT' ORDER BY "createdAt"`,
  },
  'another schema': {
    model: 'schemas', env: { MESSAGE_TABLE: 'chat.Message' }, user: 'ann', room: 'lobby', nowhere: 'nowhere', id: /^c[0-9a-z]{24}$/, key: 'text',
    seed: `INSERT INTO auth."User" VALUES ('ann', 'ann'); INSERT INTO chat."Room" VALUES ('lobby', '');`,
    reads: 'SELECT id, text, "userId" AS "user", "roomId" AS room, "createdAt" FROM chat."Message" ORDER BY "createdAt"',
  },
};

sideBySide('schemas', () => {
  for (const [name, { model, seed, env, user, room, nowhere, id, key, columns, reads }] of Object.entries(SCHEMAS)) {
    test(name, async (t) => {
      const database = await migrated(t, model, seed);
      const gateway = await startGateway(t, env, { database });
      const ann = await connect(t, gateway, { as: { userId: user, username: 'ann' } });
      const bob = await connect(t, gateway, 'bob');
      await join(ann, room);
      await join(bob, room);
      await say(ann, room, 'first');
      const { message } = await ask(ann, 'send_message', { roomId: room, [key]: words('second') });
      assert.match(String(message.id), id);
      assert.deepEqual([message.userId, message.roomId, message[key]], [user, room, words('second')], 'as the columns hold them');
      if (columns) assert.deepEqual(columns(message), [words('second'), user, user, 'ann', room], 'by the names of the columns');
      assert.deepEqual(await hears(bob, 'second'), message);

      await join(ann, nowhere);
      assert.equal((await ask(ann, 'send_message', { roomId: nowhere, text: words('lost') })).code, 'bad_request');

      const rows = await database.query(reads);
      assert.deepEqual(rows.map((row) => decrypt(row.text)), [words('first'), words('second')]);
      const row = rows[1];
      assert.deepEqual([row.id, row.user, row.room, row.createdAt.toISOString()], [message.id, user, room, message.createdAt]);
      if (row.updatedAt) assert.deepEqual(row.updatedAt, row.createdAt);
    });
  }

  test('an enum that nobody fills stops the start, and the error names the column and the variable', async (t) => {
    const database = await migrated(t, 'enum', '');
    const failure = await startGateway(t, {}, { database }).then(() => assert.fail('it started'), (error) => error);
    assert.match(failure.message, /did not start[^]*"?type\\?"[^]*MESSAGE_CONSTANTS=type=/);
  });
});
