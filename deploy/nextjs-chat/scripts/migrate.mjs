// Applies prisma/migrations in order, each once, without Prisma's schema engine (a binary that it downloads).
// It may run again at any time, and at the same time elsewhere: one runs, the others wait and find it done.
// It keeps Prisma's own table, so that `prisma migrate deploy` can take over.
import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import pg from 'pg';

if (!process.env.DATABASE_URL && existsSync('.env')) process.loadEnvFile('.env');
if (!process.env.DATABASE_URL) {
  console.error('DATABASE_URL is not set: copy .env.example to .env');
  process.exit(1);
}

const folder = new URL('../prisma/migrations/', import.meta.url);
const PRISMA_LOCK = 72707369; // the advisory lock that prisma migrate takes

const BOOKS = `CREATE TABLE IF NOT EXISTS "_prisma_migrations" (
  "id" VARCHAR(36) PRIMARY KEY NOT NULL, "checksum" VARCHAR(64) NOT NULL, "finished_at" TIMESTAMPTZ,
  "migration_name" VARCHAR(255) NOT NULL, "logs" TEXT, "rolled_back_at" TIMESTAMPTZ,
  "started_at" TIMESTAMPTZ NOT NULL DEFAULT now(), "applied_steps_count" INTEGER NOT NULL DEFAULT 0)`;

async function apply(client, name) {
  const { rowCount } = await client.query('SELECT 1 FROM "_prisma_migrations" WHERE migration_name = $1 AND finished_at IS NOT NULL', [name]);
  if (rowCount > 0) return;
  const sql = await readFile(new URL(`${name}/migration.sql`, folder), 'utf8');
  const checksum = createHash('sha256').update(sql).digest('hex');
  await client.query(sql);
  await client.query(
    'INSERT INTO "_prisma_migrations" (id, checksum, finished_at, migration_name, applied_steps_count) VALUES ($1, $2, now(), $3, 1)',
    [randomUUID(), checksum, name]);
  console.log(`applied ${name}`);
}

const client = new pg.Client({ connectionString: process.env.DATABASE_URL, connectionTimeoutMillis: 10_000 });
try {
  await client.connect();
  await client.query('BEGIN');
  await client.query('SELECT pg_advisory_xact_lock($1)', [PRISMA_LOCK]);
  await client.query(BOOKS);
  const entries = await readdir(folder, { withFileTypes: true });
  for (const name of entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name).sort()) await apply(client, name);
  await client.query('COMMIT');
  console.log('the database is up to date');
} catch (failure) {
  console.error(`migrate: ${failure.message || failure.code}`);
  process.exitCode = 1;
} finally {
  await client.end();
}
