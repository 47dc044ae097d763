// socketgate check tries a message of the token's own user: a column that can't hold that user refuses every message there is.
import { randomUUID } from 'node:crypto';
import { allWell, check, hasFault } from './harness/check.js';
import { createDatabase } from './harness/database.js';
import { person, token } from './harness/people.js';
import { test } from './harness/test.js';

const ann = token(person('ann'));

/** A database whose messages have this for their sender, with a room that ann is in. */
async function databaseOf(t, sender, stored) {
  const database = await createDatabase(t);
  await database.query(`
    INSERT INTO "User" VALUES ('id-of-ann', 'ann', 'x'); INSERT INTO "Room" VALUES ('attic', 'Attic'), ('lobby', 'Lobby');
    CREATE TABLE "RoomMember" (id TEXT PRIMARY KEY, "roomId" TEXT NOT NULL REFERENCES "Room" (id), "userId" TEXT NOT NULL REFERENCES "User" (id));
    INSERT INTO "RoomMember" VALUES ('member-1', 'lobby', 'id-of-ann');
    DROP TABLE "Message";
    CREATE TABLE "Message" (id TEXT PRIMARY KEY, text TEXT NOT NULL, "senderId" ${sender}, "roomId" TEXT NOT NULL REFERENCES "Room" (id),
      "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP)`);
  await database.query(`INSERT INTO "Message" VALUES ('m1', 'hello', $1, 'attic')`, [stored]);
  return { DATABASE_URL: database.url, MESSAGE_CIPHER: 'plaintext' };
}

test('a sender column that refers to memberships is a fault, with the app\'s token and without', async (t) => {
  const env = await databaseOf(t, 'TEXT NOT NULL CONSTRAINT "Message_senderId_fkey" REFERENCES "RoomMember" (id)', 'member-1');
  const says = /user "id-of-ann".*column "senderId" \(text\) refers to "public"\."RoomMember"\("id"\) by Message_senderId_fkey/;
  hasFault(await check(env, '--token', ann), 'insert', says, /sender column "senderId" is not the user's id .*MESSAGE_USER_COLUMN[^]*DATABASE_URL=none/);
  hasFault(await check(env), 'insert', says, /MESSAGE_USER_COLUMN[^]*with --token/);
  allWell(await check(env, '--token', token({ userId: 'member-1', username: 'ann' })), 'insert');
});

test('a sender column of integers beside tokens with uuids is a fault', async (t) => {
  const env = await databaseOf(t, 'INTEGER NOT NULL', 7);
  const uuid = token({ userId: randomUUID(), username: 'ann' });
  hasFault(await check(env, '--token', uuid), 'insert', /column "senderId" \(integer\)/, /is not the user's id as tokens have it \(a uuid\): MESSAGE_USER_COLUMN/);
  allWell(await check(env, '--token', token({ userId: 7, username: 'ann' })), 'insert');
});

test('the message goes to a room that the user may join, and one who may join none is warned of', async (t) => {
  const env = {
    ...(await databaseOf(t, 'TEXT NOT NULL REFERENCES "User" (id)', 'id-of-ann')),
    ROOM_ACCESS_QUERY: 'SELECT 1 FROM "RoomMember" WHERE "roomId" = $1 AND "userId" = $2',
  };
  const good = await check(env, '--token', ann);
  allWell(good, 'insert');
  if (!/room "lobby" was taken/.test(good.said) || /ROOM_ACCESS_QUERY lets/.test(good.said)) throw new Error(good.said);
  const stranger = await check({ ...env, ROOM_ACCESS_QUERY: 'SELECT 1 FROM "RoomMember" WHERE "roomId" = $1 AND id = $2' }, '--token', ann);
  if (!/ROOM_ACCESS_QUERY lets user "id-of-ann" into none of 2 rooms/.test(stranger.said)) throw new Error(stranger.said);
});
