// A SQLite file with the tables that Prisma makes for the app. It is made and read while no gateway has it open.
import { readFile, writeFile } from 'node:fs/promises';
import initSQL from 'sql.js';

/** What `prisma migrate` makes of the model Message for SQLite. */
export const MESSAGE_TABLE = `
  CREATE TABLE "Message" (
    "id" TEXT NOT NULL PRIMARY KEY, "text" TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP);`;

/** Writes a new file after running some SQL. */
export async function createFile(file, sql) {
  const { Database } = await initSQL();
  const made = new Database();
  made.run(sql);
  await writeFile(file, made.export());
}

/** The rows of a query. A stopped gateway leaves nothing in the WAL. */
export async function queryFile(file, sql) {
  const bytes = await readFile(file);
  bytes.fill(1, 18, 20); // sql.js can't read WAL mode
  const { Database } = await initSQL();
  const [{ columns, values } = { columns: [], values: [] }] = new Database(bytes).exec(sql);
  return values.map((row) => Object.fromEntries(row.map((value, i) => [columns[i], value])));
}
