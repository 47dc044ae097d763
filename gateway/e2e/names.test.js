// What rooms are told that people are called: the token's name, or the database's, or the id, and never an e-mail address.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import session from 'express-session';
import initSQL from 'sql.js';
import { createDatabase, FOREIGN_KEYS } from './harness/database.js';
import { startGateway } from './harness/gateway.js';
import { ask, client, connect, hears, join, refusal, say, sees } from './harness/people.js';
import { later, test } from './harness/test.js';

const claims = (id) => ({ id, email: `${id}@example.com` });

/** Has each of these talk in the lobby, and answers everything that a listener heard. */
async function talk(t, gateway, ids) {
  const everything = [];
  const people = [];
  for (const id of ids) {
    const socket = await connect(t, gateway, { as: claims(id) });
    socket.onAny((...event) => everything.push(event));
    await join(socket, 'lobby');
    people.push(socket);
  }
  for (const [i, socket] of people.entries()) {
    const email = `${ids[i]}@example.com`;
    await say(socket, 'lobby', `from ${ids[i]}`, { email, username: email, sender: { id: ids[i], email, name: email }, userInfo: { email } });
    await ask(socket, 'typing', { roomId: 'lobby', user: email });
    await hears(people[0], `from ${ids[i]}`);
  }
  assert.ok(!JSON.stringify(everything).includes('@'), JSON.stringify(everything));
  return { people, everything };
}

const named = ({ messages }) => Object.fromEntries(messages.map((message) => [message.userId, message.user.username]));

test('a token with an id and an e-mail address: rooms are told the name of the user table, or the id', async (t) => {
  const database = await createDatabase(t);
  await database.query(`
    INSERT INTO "User" ("id", "username", "password") VALUES ('u1', 'Ada', ''), ('u2', 'u2@example.com', ''), ('u3', '', '');
    INSERT INTO "Room" ("id", "name") VALUES ('lobby', 'Lobby'); ${FOREIGN_KEYS}`);
  const gateway = await startGateway(t, { RELAY_EVENTS: 'typing' }, { database });
  const { people: [ann] } = await talk(t, gateway, ['u1', 'u2', 'u3']);
  assert.deepEqual(named(ann), { u1: 'Ada', u2: 'u2', u3: 'u3' });
  await sees(ann, ['Ada', 'u2', 'u3']);
});

test('USER_QUERY tells the names that no foreign key leads to', async (t) => {
  const database = await createDatabase(t);
  await database.query(`
    CREATE TABLE accounts (email TEXT, handle TEXT, shown TEXT);
    INSERT INTO accounts VALUES ('u1', 'u1@example.com', 'Ada'), ('u2', 'bob', NULL)`);
  const gateway = await startGateway(t, { USER_QUERY: 'SELECT handle, shown FROM accounts WHERE email = $1' }, { database });
  const { people: [ann] } = await talk(t, gateway, ['u1', 'u2', 'u3']);
  assert.deepEqual(named(ann), { u1: 'Ada', u2: 'bob', u3: 'u3' });
});

test('names come from SQLite as from Postgres', async (t) => {
  const folder = await mkdtemp(path(tmpdir(), 'names-'));
  later(t, () => rm(folder, { recursive: true, force: true }));
  const { Database } = await initSQL();
  const made = new Database();
  made.run(`
    CREATE TABLE "User" ("id" TEXT NOT NULL PRIMARY KEY, "email" TEXT NOT NULL, "name" TEXT);
    CREATE TABLE "Message" (
      "id" TEXT NOT NULL PRIMARY KEY, "text" TEXT NOT NULL, "senderId" TEXT NOT NULL, "roomId" TEXT NOT NULL,
      "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, FOREIGN KEY ("senderId") REFERENCES "User" ("id"));
    INSERT INTO "User" VALUES ('u1', 'u1@example.com', 'Ada'), ('u2', 'u2@example.com', NULL)`);
  await writeFile(path(folder, 'dev.db'), made.export());
  const gateway = await startGateway(t, { DATABASE_URL: `file:${path(folder, 'dev.db')}` });
  const { people: [ann] } = await talk(t, gateway, ['u1', 'u2']);
  assert.deepEqual(named(ann), { u1: 'Ada', u2: 'u2' });
});

test('who can not be named is let in all the same', async (t) => {
  const database = await createDatabase(t);
  const gateway = await startGateway(t, { DATABASE_TIMEOUT: '500ms', USER_QUERY: `SELECT pg_sleep(CASE WHEN $1 <> '' THEN 60 ELSE 0 END)::text` }, { database });
  for (const id of ['u1', 'u2']) {
    const socket = await connect(t, gateway, { as: claims(id) });
    assert.deepEqual((await join(socket, id)).members, [{ userId: id, username: id }]);
  }
  assert.ok(gateway.log.includes('a name could not be looked up'), gateway.log);
});

/** A site whose login is kept by express-session in the table of that database, as connect-pg-simple has it. */
async function openShop(t, database, secret) {
  class Table extends session.Store {
    get = (sid, done) => database.query('SELECT sess FROM session WHERE sid = $1', [sid]).then(([row]) => done(null, row?.sess), done);
    set = (sid, sess, done) => database.query(
      'INSERT INTO session VALUES ($1, $2, $3) ON CONFLICT (sid) DO UPDATE SET sess = $2', [sid, sess, sess.cookie.expires]).then(() => done(), done);
    destroy = (sid, done) => database.query('DELETE FROM session WHERE sid = $1', [sid]).then(() => done(), done);
  }
  const read = session({ secret, store: new Table(), resave: false, saveUninitialized: false, cookie: { maxAge: 60_000 } });
  const server = createServer((request, response) => read(request, response, () => {
    request.session.userId = request.url.slice(1);
    response.end();
  }));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  later(t, () => server.close());
  return async (id) => (await fetch(`http://127.0.0.1:${server.address().port}/${id}`)).headers.getSetCookie()[0].split(';')[0];
}

test('a session of express-session lets in by SESSION_SECRET, and a forged signature never', async (t) => {
  const secret = 'keyboard-cat-of-at-least-thirty-two-bytes';
  const database = await createDatabase(t);
  await database.query(`CREATE TABLE session (sid TEXT PRIMARY KEY, sess JSON NOT NULL, expire TIMESTAMPTZ);
    INSERT INTO "User" ("id", "username", "password") VALUES ('u1', 'Ada', '')`);
  const logIn = await openShop(t, database, secret);
  const cookie = await logIn('u1');
  assert.match(cookie, /^connect\.sid=s%3A/);
  const env = {
    JWT_SECRET: undefined, TOKEN_COOKIE: 'connect.sid', SESSION_SECRET: secret,
    SESSION_QUERY: `SELECT s.sess->>'userId', u.username, s.expire FROM session s LEFT JOIN "User" u ON u.id = s.sess->>'userId' WHERE s.sid = $1`,
  };
  const gateway = await startGateway(t, env, { database });
  const socket = await connect(t, gateway, { cookie });
  assert.deepEqual((await join(socket, 'lobby')).members, [{ userId: 'u1', username: 'Ada' }]);

  const sid = decodeURIComponent(cookie.split('=')[1]).slice(2).split('.')[0];
  const sign = (text, key) => encodeURIComponent(`s:${text}.${createHmac('sha256', key).update(text).digest('base64').replace(/=+$/, '')}`);
  assert.equal(`connect.sid=${sign(sid, secret)}`, cookie, 'the signature is as the package makes it');
  const forged = [sign(sid, 'another-secret'), sign('other', secret), encodeURIComponent(`s:${sid}.`), encodeURIComponent(`s:${sid}`), sid, `${cookie.split('=')[1]}x`, cookie.split('=')[1].slice(0, -1)];
  const refuses = async (gateway, values) => {
    for (const value of values) {
      const error = await refusal(client(t, gateway, { cookie: `connect.sid=${value}` })).catch(() => assert.fail(`let in by ${value}`));
      assert.equal(error.message, 'Authentication error', value);
    }
  };
  await refuses(gateway, forged);
  const careless = await startGateway(t, { ...env, SESSION_SECRET: undefined }, { database });
  await refuses(careless, [cookie.split('=')[1], forged[0]]);
});
