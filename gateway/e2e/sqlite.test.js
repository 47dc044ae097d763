// DATABASE_URL="file:./dev.db" as Prisma writes it: the same chat on a file.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { decrypt } from './harness/database.js';
import { SPOKEN, startGateway } from './harness/gateway.js';
import { connect, hears, join, say, words } from './harness/people.js';
import { MESSAGE_TABLE, createFile, queryFile } from './harness/sqlite.js';
import { later, test } from './harness/test.js';

test('on SQLite the messages are encrypted, stored and broadcast as on Postgres', async (t) => {
  const folder = await mkdtemp(path(tmpdir(), 'sqlite-'));
  later(t, () => rm(folder, { recursive: true, force: true }));
  const file = path(folder, 'dev.db');
  await createFile(file, MESSAGE_TABLE);

  const gateway = await startGateway(t, { DATABASE_URL: `file:${file}` });
  const [ann, bob] = [await connect(t, gateway, 'ann'), await connect(t, gateway, 'bob')];
  await join(ann, 'lobby');
  await join(bob, 'lobby');
  const texts = Array.from({ length: 20 }, (_, i) => `message ${i}`);
  await Promise.all(texts.map((text) => say(ann, 'lobby', text)));
  await hears(bob, texts.at(-1));
  assert.deepEqual(bob.messages.map((message) => message.text), texts.map(words));
  assert.deepEqual(await gateway.stop(), { code: 0, signal: null });

  assert.ok(!(await readFile(file)).includes(SPOKEN), 'no plaintext in the file');
  const rows = await queryFile(file, 'SELECT * FROM "Message" ORDER BY "createdAt"');
  assert.deepEqual(rows.map((row) => decrypt(row.text)), texts.map(words));
  assert.deepEqual(rows.map((row) => row.id), bob.messages.map((message) => message.id));
  for (const [i, row] of rows.entries()) {
    // Prisma stores milliseconds or ISO text, by its version; both must read as the moment that was broadcast.
    assert.equal(new Date(row.createdAt).toISOString(), bob.messages[i].createdAt);
    assert.deepEqual([row.userId, row.roomId], ['id-of-ann', 'lobby']);
  }
});
