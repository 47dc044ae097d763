// DATABASE_URL="file:./dev.db" as Prisma writes it: the same chat on a file.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import initSQL from 'sql.js';
import { decrypt } from './harness/database.js';
import { SPOKEN, startGateway } from './harness/gateway.js';
import { connect, hears, join, say, words } from './harness/people.js';
import { createFile } from './harness/sqlite.js';
import { test } from './harness/test.js';

test('on SQLite the messages are encrypted, stored and broadcast as on Postgres', async (t) => {
  const file = await createFile(t);
  const { Database } = await initSQL();
  const gateway = await startGateway(t, { DATABASE_URL: `file:${file}` });
  const [ann, bob] = [await connect(t, gateway, 'ann'), await connect(t, gateway, 'bob')];
  await join(ann, 'lobby');
  await join(bob, 'lobby');
  const texts = Array.from({ length: 20 }, (_, i) => `message ${i}`);
  await Promise.all(texts.map((text) => say(ann, 'lobby', text)));
  await hears(bob, texts.at(-1));
  assert.deepEqual(bob.messages.map((message) => message.text), texts.map(words));
  assert.deepEqual(await gateway.stop(), { code: 0, signal: null });

  const bytes = await readFile(file);
  assert.ok(!bytes.includes(SPOKEN), 'no plaintext in the file');
  bytes.fill(1, 18, 20); // sql.js can't read WAL mode; a stopped gateway leaves nothing in the WAL
  const [{ columns, values }] = new Database(bytes).exec('SELECT * FROM "Message" ORDER BY "createdAt"');
  const rows = values.map((row) => Object.fromEntries(row.map((value, i) => [columns[i], value])));
  assert.deepEqual(rows.map((row) => decrypt(row.text)), texts.map(words));
  assert.deepEqual(rows.map((row) => row.id), bob.messages.map((message) => message.id));
  for (const [i, row] of rows.entries()) {
    // Prisma stores milliseconds or ISO text, by its version; both must read as the moment that was broadcast.
    assert.equal(new Date(row.createdAt).toISOString(), bob.messages[i].createdAt);
    assert.deepEqual([row.userId, row.roomId], ['id-of-ann', 'lobby']);
  }
});
