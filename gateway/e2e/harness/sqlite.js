// A SQLite file with the table that `prisma migrate` makes for the app.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import initSQL from 'sql.js';
import { later } from './test.js';

const PRISMA_TABLE = `
  CREATE TABLE "Message" (
    "id" TEXT NOT NULL PRIMARY KEY, "text" TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP);`;

/** The path of a fresh file, in a folder of its own that is removed when the test is over. */
export async function createFile(t) {
  const folder = await mkdtemp(path(tmpdir(), 'sqlite-'));
  later(t, () => rm(folder, { recursive: true, force: true }));
  const { Database } = await initSQL();
  const made = new Database();
  made.run(PRISMA_TABLE);
  await writeFile(path(folder, 'dev.db'), made.export());
  return path(folder, 'dev.db');
}
