// A database with the tables that Prisma makes for the app, and the app's own way of reading its messages.
import { createDecipheriv, randomBytes } from 'node:crypto';
import pg from 'pg';
import { later } from './test.js';

/** 64 hex characters, as the app and the gateway share them. */
export const MESSAGE_KEY = 'f00d1b7e93ac54d8062f71be3c9840a5d6e2197b4fc83a05e19d72b6408fca35';

/** In every test's DATABASE_URL, and never in a log. */
export const PASSWORD = 'database-password';

const PRISMA_TABLES = `
  CREATE TABLE "User" (
    "id" TEXT NOT NULL, "username" TEXT NOT NULL, "password" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
  CREATE TABLE "Room" (
    "id" TEXT NOT NULL, "name" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "Room_pkey" PRIMARY KEY ("id"));
  CREATE TABLE "Message" (
    "id" TEXT NOT NULL, "text" TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL,
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "Message_pkey" PRIMARY KEY ("id"));`;

/** What Prisma adds when the models declare relations. */
export const FOREIGN_KEYS = `
  ALTER TABLE "Message" ADD CONSTRAINT "Message_userId_fkey" FOREIGN KEY ("userId")
    REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
  ALTER TABLE "Message" ADD CONSTRAINT "Message_roomId_fkey" FOREIGN KEY ("roomId")
    REFERENCES "Room"("id") ON DELETE RESTRICT ON UPDATE CASCADE;`;

/** A fresh database on the server of TEST_DATABASE_URL, or on `server`; dropped when the test is over. */
export async function createDatabase(t, { server = process.env.TEST_DATABASE_URL } = {}) {
  if (!server) throw new Error('TEST_DATABASE_URL is not set: run the tests by scripts/test, or scripts/test -e2e NAME');
  const name = `e2e_${randomBytes(6).toString('hex')}`;
  await once(server, `CREATE DATABASE ${name} STRATEGY FILE_COPY`).catch((failure) => { // in dbtest it says why
    if (failure.code !== '42601') throw failure; // a syntax error, before PostgreSQL 15
    return once(server, `CREATE DATABASE ${name}`);
  });
  later(t, () => once(server, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`));

  const url = new URL(server);
  url.pathname = `/${name}`;
  url.password = PASSWORD;
  const database = new Database(url.href);
  later(t, () => database.pool.end());
  await database.query(PRISMA_TABLES);
  return database;
}

async function once(server, sql) {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

// TIMESTAMP(3) without zone is UTC, as Prisma reads it; pg by itself would take the local zone.
const types = { getTypeParser: (oid, format) => (oid === 1114 ? (s) => new Date(`${s.replace(' ', 'T')}Z`) : pg.types.getTypeParser(oid, format)) };

class Database {
  constructor(url) {
    this.url = url;
    this.pool = new pg.Pool({ connectionString: url, max: 2, types });
    this.pool.on('error', () => {}); // a server that goes away is some tests' subject
  }

  async query(sql, parameters) {
    return (await this.pool.query(sql, parameters)).rows;
  }

  /** The messages of a room, or of all, in the order that the app reads them, with what it decrypts as `plaintext`. */
  async messages(room) {
    const rows = await this.query(
      `SELECT * FROM "Message" WHERE $1::text IS NULL OR "roomId" = $1 ORDER BY "createdAt"`, [room ?? null]);
    return rows.map((row) => ({ ...row, plaintext: decrypt(row.text) }));
  }

  /** Holds every writer of messages up until the returned function is called. */
  async block() {
    const client = await this.pool.connect();
    await client.query('BEGIN; LOCK TABLE "Message" IN EXCLUSIVE MODE');
    return async () => {
      await client.query('COMMIT');
      client.release();
    };
  }
}

/** The app's lib/crypto: AES-256-GCM, `iv:tag:ciphertext` in hex. Throws unless the tag fits. */
export function decrypt(stored, key = MESSAGE_KEY) {
  const [iv, tag, ciphertext] = stored.split(':').map((part) => Buffer.from(part, 'hex'));
  const decipher = createDecipheriv('aes-256-gcm', Buffer.from(key, 'hex'), iv);
  decipher.setAuthTag(tag);
  return Buffer.concat([decipher.update(ciphertext), decipher.final()]).toString('utf8');
}
