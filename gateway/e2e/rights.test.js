// Rights end while people are connected: to a room, and to be logged in at all.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join as path } from 'node:path';
import jwt from 'jsonwebtoken';
import { createDatabase } from './harness/database.js';
import { JWT_SECRET, startGateway } from './harness/gateway.js';
import { ask, client, connect, connected, hears, join, person, refusal, say, sees, token, words } from './harness/people.js';
import { test } from './harness/test.js';
import { event, until } from './harness/waiting.js';

const ACCESS_RECHECK = '500ms';
const MEMBERS = 'CREATE TABLE "RoomMember" ("roomId" TEXT, "userId" TEXT)';
const ROOM_ACCESS_QUERY = 'SELECT 1 FROM "RoomMember" WHERE "roomId" = $1 AND "userId" = $2';
const LOGINS = 'CREATE TABLE "Session" (id TEXT PRIMARY KEY)';
const REVOKED_QUERY = 'SELECT NOT EXISTS (SELECT FROM "Session" WHERE id = $2)';

async function withRoom(t, env = {}) {
  const database = await createDatabase(t);
  await database.query(MEMBERS);
  for (const name of ['ann', 'bob']) await database.query('INSERT INTO "RoomMember" VALUES ($1, $2)', ['kitchen', person(name).userId]);
  return { database, gateway: await startGateway(t, { ACCESS_RECHECK, ROOM_ACCESS_QUERY, ...env }, { database }) };
}

test('a member who is removed stops hearing within ACCESS_RECHECK, and is told', async (t) => {
  const { database, gateway } = await withRoom(t);
  const [ann, bob, tab] = await Promise.all(['ann', 'bob', 'bob'].map((name) => connect(t, gateway, name)));
  for (const socket of [ann, bob, tab]) await join(socket, 'kitchen');
  await say(ann, 'kitchen', 'to everybody');
  for (const socket of [bob, tab]) await hears(socket, 'to everybody');

  const told = [bob, tab].map((socket) => event(socket, 'error', 15_000)); // without the variable it would take a minute
  await database.query('DELETE FROM "RoomMember" WHERE "userId" = $1', [person('bob').userId]);
  for (const [error] of await Promise.all(told)) {
    assert.deepEqual(error, { code: 'forbidden', message: 'you may not be in this room any more', event: 'join_room', roomId: 'kitchen' });
  }
  await sees(ann, ['ann']);
  await say(ann, 'kitchen', 'without bob');
  for (const socket of [bob, tab]) {
    assert.equal((await ask(socket, 'send_message', { roomId: 'kitchen', text: words('still here?') })).code, 'not_in_room');
    assert.equal((await ask(socket, 'join_room', 'kitchen')).code, 'forbidden');
    assert.deepEqual(socket.messages.map(({ text }) => text), [words('to everybody')]);
    assert.deepEqual(socket.endings, []);
  }
  await database.query('INSERT INTO "RoomMember" VALUES ($1, $2)', ['kitchen', person('bob').userId]);
  await join(bob, 'kitchen');
});

test('while the database cannot say who may stay, everybody does', async (t) => {
  const { database, gateway } = await withRoom(t);
  const ann = await connect(t, gateway, 'ann');
  await join(ann, 'kitchen');
  await database.query('ALTER TABLE "RoomMember" RENAME TO gone');
  await until('questions in vain', () => gateway.entries().filter(({ msg }) => msg.includes('ACCESS_RECHECK')).length > 1);
  await say(ann, 'kitchen', 'still here');
  assert.deepEqual(ann.errors, []);
});

test('a token that is revoked ends its connections, and does not come back; a fresh one does', async (t) => {
  const database = await createDatabase(t);
  await database.query(`${LOGINS}; INSERT INTO "Session" VALUES ('login-1'), ('login-2'), ('login-3')`);
  const gateway = await startGateway(t, { ACCESS_RECHECK, REVOKED_QUERY }, { database });
  const cookie = (id) => `token=${token(person('ann'), { jwtid: id })}`;
  const [ended, tab, other] = await Promise.all(['login-1', 'login-1', 'login-2'].map((id) => connect(t, gateway, { cookie: cookie(id), reconnect: true })));
  const refusals = [ended, tab].map((socket) => refusal(socket));
  await database.query(`DELETE FROM "Session" WHERE id = 'login-1'`);
  for (const error of await Promise.all(refusals)) assert.equal(error.message, 'Authentication error');
  for (const socket of [ended, tab]) {
    assert.deepEqual(socket.endings, ['transport close']);
    assert.equal(socket.active, false);
  }
  const entry = await until('the reason', () => gateway.entries().find(({ reason }) => reason === 'revoked'));
  assert.equal(entry.msg, 'authentication failed');
  await join(other, 'kitchen');
  assert.deepEqual(other.endings, []);
  ended.io.opts.extraHeaders.cookie = cookie('login-3'); // the app has logged in again
  ended.connect();
  await connected(ended);
});

test('a login of the app that was never there gets in nowhere', async (t) => {
  const database = await createDatabase(t);
  await database.query(LOGINS);
  const gateway = await startGateway(t, { REVOKED_QUERY }, { database });
  for (const options of [{ jwtid: 'made-up' }, {}]) {
    assert.equal((await refusal(client(t, gateway, { cookie: `token=${token(person('ann'), options)}` }))).message, 'Authentication error');
  }
});

test('a session of the database that is deleted ends its connections', async (t) => {
  const database = await createDatabase(t);
  await database.query(`CREATE TABLE "session" (token TEXT, "userId" TEXT); INSERT INTO "session" VALUES ('ann-1', 'ann'), ('ann-2', 'ann')`);
  const gateway = await startGateway(t, {
    JWT_SECRET: undefined, ACCESS_RECHECK, SESSION_QUERY: 'SELECT "userId" FROM "session" WHERE token = $1',
  }, { database });
  const [ended, other] = await Promise.all(['ann-1', 'ann-2'].map((session) => connect(t, gateway, { cookie: `token=${session}`, reconnect: true })));
  const refused = refusal(ended);
  await database.query(`DELETE FROM "session" WHERE token = 'ann-1'`);
  assert.equal((await refused).message, 'Authentication error');
  assert.deepEqual(ended.endings, ['transport close']);
  await join(other, 'kitchen');
  assert.deepEqual(other.endings, []);
});

test('a connection that is too old is closed, comes back by itself and is verified anew', async (t) => {
  const gateway = await startGateway(t, { MAX_CONNECTION_AGE: '1s', RECOVERY: 'off' }); // which would give it the same id again
  const ann = await connect(t, gateway, { as: 'ann', reconnect: true });
  const first = ann.id;
  await until('another connection', () => ann.connected && ann.id !== first);
  assert.equal(ann.endings[0], 'transport close');
});

test("without a database ROOM_RULES keep others out of somebody's own room", async (t) => {
  const gateway = await startGateway(t, { DATABASE_URL: 'none', ROOM_RULES: 'user:$user,staff-*=none' });
  const [ann, eve] = await Promise.all(['ann', 'eve'].map((name) => connect(t, gateway, name)));
  await join(ann, `user:${person('ann').userId}`);
  for (const room of [`user:${person('ann').userId}`, 'staff-room']) assert.equal((await ask(eve, 'join_room', room)).code, 'forbidden', room);
  await join(eve, 'lobby');
  assert.ok(!gateway.entries().some(({ msg }) => msg.includes('neither ROOM_ACCESS_QUERY')));
});

test('rooms without a rule are warned of at the start, and a token without an end when it comes', async (t) => {
  const gateway = await startGateway(t);
  const warnings = () => gateway.entries().filter(({ level }) => level === 'WARN').map(({ msg }) => msg);
  assert.equal(warnings().filter((msg) => msg.startsWith('neither ROOM_ACCESS_QUERY nor ROOM_RULES')).length, 1);
  for (let i = 0; i < 2; i++) await connect(t, gateway, { cookie: `token=${jwt.sign(person('ann'), JWT_SECRET)}` });
  await connect(t, gateway, 'bob');
  assert.equal(warnings().filter((msg) => msg.startsWith('a token without exp')).length, 1);
});

test('the audit log has who came, joined and was refused, and nothing that was said', async (t) => {
  const { database, gateway } = await withRoom(t, { AUDIT_LOG: 'audit.log' });
  const [ann, bob] = await Promise.all(['ann', 'bob'].map((name) => connect(t, gateway, name)));
  for (const socket of [ann, bob]) await join(socket, 'kitchen');
  await say(ann, 'kitchen', 'a secret');
  await ask(ann, 'join_room', 'vault');
  await refusal(client(t, gateway, { cookie: 'token=eyJhbGciOiJIUzI1NiJ9.e30.x' }));
  const told = event(bob, 'error');
  await database.query('DELETE FROM "RoomMember" WHERE "userId" = $1', [person('bob').userId]);
  await told;
  await gateway.stop();
  const text = await readFile(path(gateway.folder, 'audit.log'), 'utf8');
  for (const never of [words('a secret'), 'eyJ', '"ann"', '"bob"']) assert.ok(!text.includes(never), never);
  const records = text.trimEnd().split('\n').map((line) => JSON.parse(line));
  const [annId, bobId] = ['ann', 'bob'].map((name) => person(name).userId);
  const seen = records.map(({ time, ...record }) => (assert.ok(Date.parse(time)), record));
  const address = '127.0.0.1';
  for (const record of [
    { event: 'login', user: annId, address }, { event: 'join', user: bobId, room: 'kitchen', address },
    { event: 'forbidden', user: annId, room: 'vault', address }, { event: 'right_lost', user: bobId, room: 'kitchen', address },
  ]) assert.deepEqual(seen.filter((other) => JSON.stringify(other) === JSON.stringify(record)).length, 1, JSON.stringify(record));
  assert.ok(seen.some(({ event: name, reason }) => name === 'refusal' && reason), 'the refusal');
});
