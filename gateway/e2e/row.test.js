// What a room is told of a stored row, beside what the app's own client (node-postgres) reads of the same row and
// prints as JSON.
import assert from 'node:assert/strict';
import { createDatabase } from './harness/database.js';
import { startGateway } from './harness/gateway.js';
import { ask, connect, hears, join, words } from './harness/people.js';
import { sideBySide, test } from './harness/test.js';

const UNSAFE = '9007199254740993'; // which JavaScript rounds

// Columns that nobody but the database fills. pg reads a DATE in the zone of its machine, and gives enum arrays and
// intervals in ways of its own, so these are not among them.
const COLUMNS = `
  status VARCHAR(20) NOT NULL DEFAULT 'SENT', kind "Kind" NOT NULL, priority INTEGER NOT NULL, is_read BOOLEAN NOT NULL DEFAULT false,
  nothing TEXT, seq BIGSERIAL, big BIGINT DEFAULT ${UNSAFE}, small SMALLINT DEFAULT -3, ratio DOUBLE PRECISION DEFAULT 0.1,
  single REAL DEFAULT 1.5, price NUMERIC(10,2) DEFAULT 1.5, endless DOUBLE PRECISION DEFAULT 'Infinity', padded CHAR(4) DEFAULT 'ab',
  ref UUID DEFAULT gen_random_uuid(), address INET DEFAULT '10.0.0.1', opens TIME DEFAULT '12:30', quoted TEXT DEFAULT E'a"\\\\b\\n<é>',
  sent_at TIMESTAMPTZ NOT NULL DEFAULT now(), local_time TIMESTAMP DEFAULT '2026-01-02 03:04:05.006789', "updatedAt" TIMESTAMP(3) NOT NULL,
  meta JSONB DEFAULT '{"a": [1, null, "b"]}', plain JSON DEFAULT '[]', tags TEXT[] NOT NULL DEFAULT ARRAY['a', 'b"', NULL],
  grid INTEGER[] DEFAULT '{{1,2},{3,4}}', bigs BIGINT[] DEFAULT '{${UNSAFE}}', days TIMESTAMPTZ[] DEFAULT '{2026-01-02 03:04:05+09}',
  flags BOOLEAN[] DEFAULT '{t,f}', "where" TEXT GENERATED ALWAYS AS ("userId"::text || '@' || "roomId"::text) STORED`;

/** A database whose message table has ids and references of that type, and the columns. */
async function tableWith(t, id, ref) {
  const database = await createDatabase(t);
  await database.query(`DROP TABLE "Message"; CREATE TYPE "Kind" AS ENUM ('TEXT', 'IMAGE');
    CREATE TABLE "Message" (id ${id} PRIMARY KEY, text TEXT NOT NULL, "userId" ${ref} NOT NULL, "roomId" ${ref} NOT NULL,
      "createdAt" TIMESTAMP(3) NOT NULL DEFAULT now(), secret BYTEA DEFAULT '\\x00', echo TEXT GENERATED ALWAYS AS (text) STORED, ${COLUMNS})`);
  return database;
}

sideBySide('rows', () => {
  for (const [name, id, ref, room] of [
    ['ids of the gateway', 'TEXT', 'TEXT', 'lobby'],
    ['integers', 'SERIAL', 'INTEGER', '5'],
    ['64-bit integers', 'BIGSERIAL', 'BIGINT', UNSAFE],
    ['decimals', `NUMERIC DEFAULT ${UNSAFE}`, 'NUMERIC', UNSAFE],
    ['uuids', 'UUID DEFAULT gen_random_uuid()', 'UUID', '0198c0de-0000-4000-8000-0123456789ab'],
  ]) {
    test(`a room is told what the app's client prints: ${name}`, async (t) => {
      const database = await tableWith(t, id, ref);
      const gateway = await startGateway(t, { MESSAGE_CONSTANTS: 'kind=IMAGE,priority=3' }, { database });
      const ann = await connect(t, gateway, { as: { userId: room, username: 'ann' } });
      await join(ann, room);
      const { message } = await ask(ann, 'send_message', { roomId: room, text: words('hi'), status: 'READ', isRead: true, meta: 'mine', own: 1 });
      assert.deepEqual(await hears(ann, 'hi'), message);

      const [{ text, secret, echo, ...row }] = JSON.parse(JSON.stringify(await database.query('SELECT * FROM "Message"')));
      const told = Object.fromEntries(Object.keys(row).map((column) => [column, message[column]]));
      assert.deepEqual(told, row);
      assert.deepEqual([message.isRead, message.sentAt, message.localTime], [row.is_read, row.sent_at, row.local_time], "as Prisma's models call them");
      assert.deepEqual([message.text, message.own], [words('hi'), 1]);
      assert.ok(secret && echo === text && !('secret' in message) && !('echo' in message), 'bytes and ciphertext stay in the table');
      assert.ok(!JSON.stringify(message).includes(text), 'no field holds the ciphertext');
    });
  }
});
