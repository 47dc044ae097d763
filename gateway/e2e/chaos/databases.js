// The databases that a run may be on: each with the app's tables, its people and rooms, and faults of its own.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { FOREIGN_KEYS, createDatabase, decrypt } from '../harness/database.js';
import { ownPostgres } from '../harness/postgres.js';
import { createFile, queryFile } from '../harness/sqlite.js';
import { later } from '../harness/test.js';

const SELECT = 'SELECT "id", "text", "userId", "roomId", "createdAt" FROM "Message"';

const readable = (row) => ({ ...row, text: decrypt(row.text), createdAt: new Date(row.createdAt).toISOString() });

const inserts = (people, rooms) => [
  ...people.map((name) => `INSERT INTO "User" ("id", "username", "password") VALUES ('id-of-${name}', '${name}', '');`),
  ...rooms.map((room) => `INSERT INTO "Room" ("id", "name") VALUES ('${room}', '${room}');`),
].join('\n');

/** What a run wants of a database: its `url`, its `rows` once the gateway has ended, and to be broken and repaired. */
export const databases = { postgres: onPostgres, sqlite: onSQLite };

/** A database on the server of TEST_DATABASE_URL or, where it is to be broken, on one of its own. */
async function onPostgres(t, { people, rooms, faults }) {
  const own = faults.includes('database') || !process.env.TEST_DATABASE_URL;
  const server = own ? await ownPostgres(t) : undefined;
  const database = await createDatabase(t, { server: server?.url });
  await database.query(FOREIGN_KEYS + inserts(people, rooms));
  return {
    url: database.url,
    server,
    rows: async () => (await database.query(SELECT)).map(readable),
  };
}

const SQLITE_TABLES = `
  CREATE TABLE "User" ("id" TEXT NOT NULL PRIMARY KEY, "username" TEXT NOT NULL, "password" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP);
  CREATE TABLE "Room" ("id" TEXT NOT NULL PRIMARY KEY, "name" TEXT NOT NULL, "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP);
  CREATE TABLE "Message" ("id" TEXT NOT NULL PRIMARY KEY, "text" TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "Message_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User" ("id") ON DELETE RESTRICT ON UPDATE CASCADE,
    CONSTRAINT "Message_roomId_fkey" FOREIGN KEY ("roomId") REFERENCES "Room" ("id") ON DELETE RESTRICT ON UPDATE CASCADE);`;

/** A file; where the disk is to be full, on a file system of its own, which only root may make. */
async function onSQLite(t, { people, rooms, faults }) {
  const folder = await mkdtemp(join(tmpdir(), 'chaos-'));
  later(t, () => rm(folder, { recursive: true, force: true }));
  const disk = faults.includes('disk') ? await smallDisk(t, folder) : undefined;
  const file = join(folder, 'dev.db');
  await createFile(file, SQLITE_TABLES + inserts(people, rooms));
  return {
    url: `file:${file}`,
    disk,
    rows: async () => (await queryFile(file, SELECT)).map(readable),
  };
}

const ROOMY = 2 ** 30; // bytes; only what is used takes memory

async function smallDisk(t, folder) {
  const run = promisify(execFile);
  await run('mount', ['-t', 'tmpfs', '-o', `size=${ROOMY}`, 'socketgate-chaos', folder]);
  later(t, () => run('umount', [folder]));
  const resize = (bytes) => run('mount', ['-o', `remount,size=${bytes}`, folder]);
  return {
    /** Takes the free space away. It is there at once, for a tmpfs may be made as small as what it holds. */
    async fill() {
      for (let spare = 0; ; spare += 64) { // pages: more may be written in between
        const { bsize, blocks, bfree } = await statfs(folder);
        try {
          return await resize((blocks - bfree + spare) * bsize);
        } catch (failure) {
          if (spare > 1024) throw failure;
        }
      }
    },
    free: () => resize(ROOMY),
  };
}
