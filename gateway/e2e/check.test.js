// socketgate check: every fault is named with the line to change, and it exits with 0 only when all would work.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createCipheriv, randomBytes, scryptSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { connect, createServer as createTCPServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { encode } from '@auth/core/jwt';
import { allWell, check, hasFault } from './harness/check.js';
import { FOREIGN_KEYS, MESSAGE_KEY, PASSWORD, createDatabase } from './harness/database.js';
import { JWT_SECRET, runGateway, startGateway } from './harness/gateway.js';
import { startNginx } from './harness/nginx.js';
import { person, token } from './harness/people.js';
import { freePort } from './harness/ports.js';
import { later, test } from './harness/test.js';
import { until } from './harness/waiting.js';

function encrypt(text, key, iv = randomBytes(16)) {
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(key, 'hex'), iv);
  const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return [iv, cipher.getAuthTag(), body].map((part) => part.toString('hex')).join(':');
}

const postgres = (...args) => promisify(execFile)(fileURLToPath(new URL('../../scripts/postgres', import.meta.url)), args);

const stored = (database, text) => database.query(`INSERT INTO "Message" (id, text, "userId", "roomId") VALUES ('m1', $1, 'u1', 'r1')`, [text]);

test('a start that would work: the table is shown, and nothing stays of what was tried', async (t) => {
  const database = await createDatabase(t);
  await database.query(`INSERT INTO "User" VALUES ('u1', 'ann', 'x'); INSERT INTO "Room" VALUES ('r1', 'lobby'); ${FOREIGN_KEYS}`);
  await stored(database, encrypt('hello', MESSAGE_KEY));
  const checked = await check({ DATABASE_URL: database.url });
  allWell(checked, 'variables', 'token', 'key', 'database', 'table', 'replay', 'insert', 'newest', 'origins', 'port');
  const rows = checked.steps.find(({ step }) => step === 'table').below.trim().split('\n');
  assert.equal(rows.length, 5, checked.said);
  assert.match(rows[1], /^text +text +NOT NULL +the text, encrypted$/);
  assert.equal(new Set(rows.map((row) => row.indexOf('  the '))).size, 1, 'in columns');
  assert.equal((await database.messages()).length, 1);
});

test('variables with faults stop the steps that need them, one line each', async () => {
  const { code, steps, said } = await check({ JWT_SECRET: undefined, DATABASE_URL: 'mysql://x', PORT: 'many' });
  assert.equal(code, 1);
  assert.deepEqual(steps.filter(({ outcome }) => outcome === 'fault').map(({ text }) => text.split(' ')[0]), ['JWT_SECRET', 'DATABASE_URL', 'PORT'], said);
  const outcomes = Object.fromEntries(steps.map(({ step, outcome }) => [step, outcome]));
  for (const step of ['token', 'key', 'database', 'port']) assert.equal(outcomes[step], 'not tried', said);
  assert.equal(outcomes.origins, 'ok', said);
  const sessions = await check({ JWT_SECRET: undefined, SESSION_QUERY: 'SELECT $1', DATABASE_URL: 'mysql://x' });
  hasFault(sessions, 'variables', /^DATABASE_URL/, /^$/);

  const keyless = await check({ DATABASE_URL: 'file:./dev.db', MESSAGE_ENCRYPTION_KEY: undefined });
  hasFault(keyless, 'variables', /MESSAGE_CIPHER=plaintext.*openssl rand/, /^$/);
  allWell({ ...keyless, code: 0 }, 'token', 'origins', 'port');
});

test("a token of the app tells whether the secret is the app's", async () => {
  const env = { DATABASE_URL: 'none' };
  const good = await check(env, '--token', token(person('ann')));
  allWell(good, 'token');
  assert.match(good.said, /user "id-of-ann", called "ann"/);
  hasFault(await check(env, '--token', token(person('ann'), { secret: 'quite another secret than ours' })), 'token', /signature/, /^→ JWT_SECRET/);
  hasFault(await check(env, '--token', token({ ...person('ann'), exp: 1 })), 'token', /expired/, /log in anew/);
  const nextauth = { ...env, JWT_SECRET: undefined, NEXTAUTH_SECRET: JWT_SECRET };
  hasFault(await check(nextauth, '--token', token(person('ann'))), 'token', /five parts/, /^→ JWT_SECRET=\$\{NEXTAUTH_SECRET\}/);
});

test('what REVOKED_QUERY says of the app is told', async (t) => {
  const database = await createDatabase(t);
  await database.query(`CREATE TABLE "Session" (id TEXT); INSERT INTO "Session" VALUES ('login-1')`);
  const env = { DATABASE_URL: database.url, REVOKED_QUERY: 'SELECT NOT EXISTS (SELECT FROM "Session" WHERE id = $2)' };
  const { steps } = await check(env);
  assert.match(steps.find(({ step, outcome }) => step === 'token' && outcome === 'ok').text, /REVOKED_QUERY/);
  allWell(await check(env, '--token', token(person('ann'), { jwtid: 'login-1' })), 'token');
  hasFault(await check(env, '--token', token(person('ann'), { jwtid: 'login-2' })), 'token', /revoked/, /^→ log in anew/);
  hasFault(await check({ ...env, REVOKED_QUERY: 'SELECT id FROM "Sessions" WHERE id = $2' }), 'token', /^REVOKED_QUERY: .*"Sessions"/, /^$/);
});

test('a token without a name is warned of', async () => {
  const warnings = async (claims) => (await check({ DATABASE_URL: 'none', ROOM_RULES: 'lobby=all' }, '--token', token(claims))).steps.filter(({ outcome }) => outcome === 'warning');
  assert.deepEqual(await warnings({ userId: 'u1', name: 'Ann' }), []);
  const [warning, ...more] = await warnings({ userId: 'u1' });
  assert.deepEqual(more, []);
  assert.equal(warning.step, 'token');
  assert.match(warning.text, /no name/);
  assert.match(warning.below, /^→ the app should put the user's name/);
});

test('apps with Auth.js, and with sessions in the database', async (t) => {
  const auth = { ...ENV, JWT_SECRET: undefined, AUTH_SECRET: JWT_SECRET };
  const url = await site(t, [await startGateway(t, auth)]);
  allWell(await check(auth, '--quick', '--url', url), 'token', 'cookie', 'polling');
  const session = await encode({ token: { sub: 'u1' }, secret: JWT_SECRET, salt: 'authjs.session-token' });
  allWell(await check(auth, '--quick', '--url', url, '--token', session), 'token', 'cookie', 'polling');
  const foreign = await encode({ token: { sub: 'u1' }, secret: 'another secret', salt: 'authjs.session-token' });
  hasFault(await check(auth, '--token', foreign), 'token', /does not open/, /^→ JWT_SECRET \(AUTH_SECRET/);

  const database = await createDatabase(t);
  await database.query(`CREATE TABLE session (token text, "userId" text); INSERT INTO session VALUES ('good-session', 'u1')`);
  const env = { JWT_SECRET: undefined, DATABASE_URL: database.url, SESSION_QUERY: 'SELECT "userId" FROM session WHERE token = $1' };
  allWell(await check(env), 'token');
  const known = await check(env, '--token', 'good-session');
  allWell(known, 'token');
  assert.match(known.said, /user "u1"/);
  hasFault(await check(env, '--token', 'no-session'), 'token', /no session/, /^→ SESSION_QUERY/);
  hasFault(await check({ ...env, SESSION_QUERY: 'SELECT "userId" FROM nowhere WHERE token = $1' }), 'token', /SESSION_QUERY.*nowhere/, /^$/);
  const { steps } = await check({ ...env, JWT_SECRET, DATABASE_URL: 'postgres://u@127.0.0.1:1/x' });
  for (const fault of steps.filter(({ outcome }) => outcome === 'fault')) assert.match(fault.below, /^→ DATABASE_URL/, `${fault.step}: ${fault.text}`);
});

test('a token is looked for in every cookie of the app over one connection to the database', async (t) => {
  const database = await createDatabase(t);
  await database.query('CREATE TABLE session (token text, "userId" text)');
  const server = new URL(database.url);
  const { hostname, port } = server;
  let connections = 0;
  const counting = createTCPServer((client) => {
    connections++;
    const upstream = connect(Number(port), hostname);
    for (const [one, other] of [[client, upstream], [upstream, client]]) one.on('error', () => {}).on('close', () => other.destroy());
    client.pipe(upstream).pipe(client);
  });
  await new Promise((resolve) => counting.listen(0, '127.0.0.1', resolve));
  later(t, () => counting.close());
  server.host = `127.0.0.1:${counting.address().port}`;
  server.searchParams.set('sslmode', 'disable');
  const env = { JWT_SECRET: undefined, DATABASE_URL: server.href, SESSION_QUERY: 'SELECT "userId" FROM session WHERE token = $1' };
  const connectionsOf = async (...args) => {
    connections = 0;
    await check(env, ...args);
    return connections;
  };
  const alone = await connectionsOf();
  assert.ok(alone > 0);
  assert.equal(await connectionsOf('--token', 'no-session'), alone);
});

test('a key, or a cipher, that the newest message was not written with', async (t) => {
  const database = await createDatabase(t);
  const env = { DATABASE_URL: database.url };
  await stored(database, encrypt('hello', 'beef'.repeat(16)));
  hasFault(await check(env), 'newest', /another key/, /^→ MESSAGE_ENCRYPTION_KEY/);
  await database.query(`UPDATE "Message" SET text = $1`, ['beef01'.repeat(4)]);
  hasFault(await check(env), 'newest', /does not know/, /^→ MESSAGE_CIPHER/);
  const derived = scryptSync(MESSAGE_KEY, 'salt', 32).toString('hex');
  await database.query(`UPDATE "Message" SET text = $1`, [encrypt('hello', derived, randomBytes(12))]);
  hasFault(await check(env), 'newest', /by aes-256-gcm-iv12 and the key read as scrypt/, /^→ MESSAGE_CIPHER=aes-256-gcm-iv12\n→ MESSAGE_KEY_FORMAT=scrypt$/m);
  allWell(await check({ ...env, MESSAGE_CIPHER: 'aes-256-gcm-iv12', MESSAGE_KEY_FORMAT: 'scrypt' }), 'newest');
  await database.query(`UPDATE "Message" SET text = 'good morning'`);
  hasFault(await check(env), 'newest', /not encrypted/, /^→ MESSAGE_CIPHER=plaintext/);
  await database.query(`UPDATE "Message" SET text = $1`, [encrypt('hello', MESSAGE_KEY)]);
  hasFault(await check({ ...env, MESSAGE_CIPHER: 'plaintext' }), 'newest', /by aes-256-gcm/, /^→ MESSAGE_CIPHER=aes-256-gcm$/m);
  hasFault(await check({ ...env, MESSAGE_CIPHER: 'plaintext', MESSAGE_ENCRYPTION_KEY: undefined }), 'newest', /is encrypted/, /^→ MESSAGE_CIPHER and/);
  await database.query('DELETE FROM "Message"');
  assert.match((await check(env)).said, /^not tried +newest +.*store one by the old server and check again/m);
});

test('a database that is not there, not let in, not found or without its tables', async (t) => {
  const database = await createDatabase(t);
  const at = (change) => {
    const url = new URL(database.url);
    change(url);
    return { DATABASE_URL: url.href };
  };
  hasFault(await check(at((url) => (url.port = '1'))), 'database', /refused/, /^→ DATABASE_URL.*running/);
  hasFault(await check(at((url) => (url.pathname = '/nowhere'))), 'database', /"nowhere" does not exist/, /^→ DATABASE_URL.*database that is there/);
  hasFault(await check(at((url) => (url.search = '?sslmode=require'))), 'database', /refused TLS/, /^→ DATABASE_URL.*sslmode=disable/);
  hasFault(await check(at((url) => (url.hostname = 'no-such-host.invalid'))), 'database', /no-such-host/, /^→ DATABASE_URL.*host/);
  await database.query('DROP TABLE "Message"; DROP TABLE "User"; DROP TABLE "Room"');
  hasFault(await check({ DATABASE_URL: database.url }), 'database', /no tables/, /^→ DATABASE_URL.*migrate/);
  await database.query('CREATE SCHEMA chat; CREATE TABLE chat."Message" (id TEXT PRIMARY KEY)');
  hasFault(await check({ DATABASE_URL: database.url }), 'database', /MESSAGE_TABLE=chat\.Message.*\?schema=chat/, /^$/);
});

test('a wrong password', async (t) => {
  const folder = await mkdtemp(path(tmpdir(), 'suspicious-')); // the server of all tests trusts everybody
  later(t, () => rm(folder, { recursive: true, force: true }));
  later(t, () => postgres('crash', folder));
  const server = (await postgres('start', folder)).stdout.trim();
  const database = await createDatabase(t, { server });
  await database.query(`CREATE ROLE locked LOGIN PASSWORD 'something else'`);
  const rules = path(folder, 'data', 'pg_hba.conf');
  await writeFile(rules, `host all locked all scram-sha-256\n${await readFile(rules, 'utf8')}`);
  await database.query('SELECT pg_reload_conf()');
  const url = new URL(database.url);
  url.username = 'locked';
  await until('the password to be asked for', async () => (await check({ DATABASE_URL: url.href })).code === 1, 10_000);
  hasFault(await check({ DATABASE_URL: url.href }), 'database', /password authentication failed/, /^→ DATABASE_URL.*right user and password/);
});

test('a table that a message does not fit in', async (t) => {
  const database = await createDatabase(t);
  const env = { DATABASE_URL: database.url };
  await database.query(`ALTER TABLE "Message" ADD COLUMN type TEXT NOT NULL`);
  const checked = await check(env);
  assert.equal(checked.code, 1);
  assert.match(checked.said, /^fault +database +.*"type".*MESSAGE_CONSTANTS=type=/m);
  allWell(await check({ ...env, MESSAGE_CONSTANTS: 'type=TEXT' }), 'insert');
  await database.query(`ALTER TABLE "Message" ADD CONSTRAINT kinds CHECK (type IN ('NOTE'))`);
  hasFault(await check({ ...env, MESSAGE_CONSTANTS: 'type=TEXT' }), 'insert', /kinds/, /^→ MESSAGE_CONSTANTS/);
  assert.equal((await database.messages()).length, 0);
});

test('a port that another program has, and one that a gateway has already', async (t) => {
  const other = createTCPServer((socket) => socket.destroy());
  await new Promise((resolve) => other.listen(0, '127.0.0.1', resolve));
  later(t, () => other.close());
  hasFault(await check({ DATABASE_URL: 'none', PORT: other.address().port }), 'port', /taken/, /^→ GATEWAY_PORT/);
  const PORT = await freePort();
  for (const HOST of ['127.0.0.1', '0.0.0.0']) {
    hasFault(await check({ DATABASE_URL: 'none', HOST, PORT, ADMIN_ADDR: `127.0.0.1:${PORT}` }), 'port', /the port of the clients/, /^→ ADMIN_ADDR/);
  }
  const gateway = await startGateway(t, { DATABASE_URL: 'none' });
  const env = { DATABASE_URL: 'none', PORT: gateway.port };
  hasFault(await check(env), 'port', /a gateway listens .* already: a second one would not start/, /^→ end it first/);
  const running = await check(env, '--quick', '--url', await site(t, [gateway]));
  allWell(running, 'port', 'path');
  assert.match(running.said, /no faults.*: the gateway runs, and clients get through/);
});

// --- from outside

/** A web app with a proxy before it and gateways, as an operator would get it right, but for what `wrong` says. */
async function site(t, gateways, wrong = {}) {
  let turn = 0;
  const sockets = new Set();
  const headersOf = (incoming) => {
    const headers = { ...incoming.headers };
    if (wrong.cookie) delete headers.cookie;
    if (wrong.host) headers.host = wrong.host;
    if (wrong.origin) delete headers.origin;
    return headers;
  };
  const pass = (incoming, answer, drop = []) => {
    const { port } = gateways[turn++ % gateways.length];
    const headers = Object.fromEntries(Object.entries(headersOf(incoming)).filter(([name]) => !drop.includes(name)));
    const path = wrong.stripped ? incoming.url.replace('/socket.io', '') : incoming.url; // nginx: proxy_pass http://gateway/;
    incoming.pipe(request({ host: '127.0.0.1', port, method: incoming.method, path, headers }, (response) => {
      answer.writeHead(response.statusCode, response.headers);
      response.pipe(answer);
    }).on('error', () => answer.writeHead(502).end()));
  };
  const server = createServer((incoming, answer) => {
    if (wrong.page || (incoming.url.startsWith('/socket.io') && !wrong.path)) return pass(incoming, answer);
    const found = incoming.url === '/';
    answer.writeHead(found ? 200 : 404, { 'content-type': 'text/html' }).end(found ? '<h1>The app</h1>' : '<h1>Not here</h1>');
  });
  server.on('connection', (socket) => sockets.add(socket.on('close', () => sockets.delete(socket)).on('error', () => {})));
  server.on('upgrade', (incoming, socket, head) => {
    const { port } = gateways[turn++ % gateways.length];
    const upstream = connect(port, '127.0.0.1', () => {
      const lines = Object.entries(headersOf(incoming)).filter(([name]) => !wrong.upgrade || !['upgrade', 'connection'].includes(name));
      upstream.write(`${incoming.method} ${incoming.url} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
      upstream.write(head);
      socket.pipe(upstream).pipe(socket);
    });
    sockets.add(upstream);
    upstream.on('error', () => {}).on('close', () => socket.destroy());
    socket.on('close', () => upstream.destroy());
    if (wrong.idle) socket.setTimeout(wrong.idle, () => socket.destroy());
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  later(t, () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

const ENV = { DATABASE_URL: 'none', PING_INTERVAL: '800ms' };
const OUTSIDE = ['page', 'path', 'upgrade', 'origin', 'cookie', 'polling', 'idle'];

test('a site where all is well, from outside', async (t) => {
  const gateway = await startGateway(t, ENV);
  allWell(await check(ENV, '--url', await site(t, [gateway])), ...OUTSIDE);
  for (const POLLING of ['full', 'off']) {
    const other = await startGateway(t, { ...ENV, POLLING });
    const checked = await check(ENV, '--quick', '--url', await site(t, [other]));
    allWell(checked, 'upgrade', 'cookie');
    assert.equal(checked.steps.find(({ step }) => step === 'polling').outcome, POLLING === 'off' ? 'not tried' : 'ok');
    assert.equal(checked.steps.find(({ step }) => step === 'idle').outcome, 'not tried');
  }
});

test('every fault of a proxy is named with its line', async (t) => {
  const gateway = await startGateway(t, ENV);
  for (const [wrong, step, text, fix] of [
    [{ upgrade: true }, 'upgrade', /does not pass/, /nginx: .*proxy_set_header Upgrade \$http_upgrade/],
    [{ cookie: true }, 'cookie', /does not arrive/, /nginx: no proxy_set_header Cookie/],
    [{ idle: 300 }, 'idle', /cut after/, /nginx: proxy_read_timeout .*\n.*PING_INTERVAL=/],
    [{ path: true }, 'path', /something else: 404/, /nginx: location \/socket\.io\/ \{ proxy_pass .*Caddy: reverse_proxy/],
    [{ stripped: true }, 'path', /something else: 404/, /nginx: proxy_pass .*no \/ behind the port.*handle_path/],
    [{ page: true }, 'page', /answered by the gateway/, /nginx: location \/ \{ proxy_pass/],
    [{ origin: true }, 'origin', /other sites may connect/, /nginx: no proxy_set_header Origin/],
    [{ host: 'gateway.internal' }, 'path', /refuses pages of http:\/\/127/, /proxy_set_header Host \$http_host.*\n.*ALLOWED_ORIGINS=http:\/\/127/],
  ]) {
    hasFault(await check(ENV, '--url', await site(t, [gateway], wrong)), step, text, fix);
  }
});

test('two gateways without stickiness', async (t) => {
  const gateways = [await startGateway(t, ENV), await startGateway(t, ENV)];
  hasFault(await check(ENV, '--quick', '--url', await site(t, gateways)), 'polling', /not sticky/, /ip_hash.*client_ip_hash/);
});

test('a gateway that is down, a proxy that is down, and another secret', async (t) => {
  const gateway = await startGateway(t, ENV);
  const url = await site(t, [gateway]);
  hasFault(await check({ ...ENV, JWT_SECRET: 'quite another secret than it has' }, '--quick', '--url', url), 'cookie', /does not get in/, /^→ JWT_SECRET/);
  const nobody = { port: await freePort() };
  hasFault(await check(ENV, '--url', await site(t, [nobody])), 'path', /does not reach the gateway: 502/, /proxy_pass/);
  hasFault(await check(ENV, '--url', `http://127.0.0.1:${nobody.port}`), 'page', /refused/, /start the proxy/);
});

test('the real nginx: right with the files of deploy/nginx, and found wrong without their lines', async (t) => {
  const gateways = [await startGateway(t, ENV), await startGateway(t, ENV)];
  const web = createServer((incoming, answer) => answer.end('<h1>The app</h1>'));
  await new Promise((resolve) => web.listen(0, '127.0.0.1', resolve));
  later(t, () => web.close());
  const nginx = await startNginx(t, { gateways: gateways.map(({ host }) => host), web: `127.0.0.1:${web.address().port}` });
  allWell(await check(ENV, '--url', nginx.url), ...OUTSIDE);

  const locations = path(nginx.folder, 'locations.conf');
  const right = await readFile(locations, 'utf8');
  for (const [lines, step, text, fix] of [
    [/proxy_set_header (Upgrade|Connection) .*/g, 'upgrade', /does not pass/, /proxy_set_header Upgrade/],
    [/proxy_(read|send)_timeout .*/g, 'idle', /cut after/, /proxy_read_timeout/],
  ]) {
    assert.match(right, lines);
    await writeFile(locations, right.replace(lines, step === 'idle' ? 'proxy_$1_timeout 300ms;' : ''));
    await nginx.reload();
    hasFault(await check(ENV, '--url', nginx.url), step, text, fix);
  }
});

test('sockets on a host of their own: the origin of the pages must be listed', async (t) => {
  const [gateway, listed] = [await startGateway(t, ENV), await startGateway(t, { ...ENV, ALLOWED_ORIGINS: 'https://app.example' })];
  const args = (to) => ['--quick', '--url', to.url, '--origin', 'https://app.example'];
  hasFault(await check(ENV, ...args(gateway)), 'path', /refuses pages of https:\/\/app\.example/, /^→ ALLOWED_ORIGINS=https:\/\/app\.example$/m);
  allWell(await check(ENV, ...args(listed)), 'path', 'upgrade', 'origin', 'cookie', 'polling');
});

test('a URL that can not be one is refused', async () => {
  for (const url of ['app.example', 'ftp://app.example', 'https://']) {
    const { code, stderr } = await runGateway(['check', '--url', url], ENV);
    assert.equal(code, 1);
    assert.match(stderr, /--url should be/);
  }
});
