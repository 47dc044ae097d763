// Logins as the real libraries make them: who has one gets in, as whom it says, and nobody else.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { Auth, skipCSRFCheck } from '@auth/core';
import { encode } from '@auth/core/jwt';
import CredentialsOfAuthJS from '@auth/core/providers/credentials';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import NextAuthModule from 'next-auth';
import nextAuthJWT from 'next-auth/jwt';
import CredentialsOfNextAuth from 'next-auth/providers/credentials';
import { createDatabase } from './harness/database.js';
import { JWT_SECRET, startGateway } from './harness/gateway.js';
import { client, connect, connected, join, refusal, token } from './harness/people.js';
import { test } from './harness/test.js';
import { until } from './harness/waiting.js';

const NextAuth = NextAuthModule.default ?? NextAuthModule;
const SECRET = randomBytes(32).toString('base64');
const ada = { id: 'user-1', name: 'Ada', email: 'ada@example.com' };

/** A gateway that has no JWT_SECRET but what `env` says. */
const start = (t, env, options) => startGateway(t, { JWT_SECRET: undefined, ...env }, options);

/** As whom a cookie, or a list of Set-Cookie, gets in. */
async function identity(t, gateway, cookie, options = {}) {
  const socket = await connect(t, gateway, { cookie: header(cookie), ...options });
  return (await join(socket, `room-of-${socket.id}`)).members[0];
}

async function refused(t, gateway, cookie, what) {
  const error = await refusal(client(t, gateway, { cookie: header(cookie) })).catch(() => assert.fail(`${what}: let in`));
  assert.equal(error.message, 'Authentication error', what);
}

function header(cookie) {
  return Array.isArray(cookie) ? cookie.map((line) => line.split(';')[0]).join('; ') : cookie;
}

const names = (cookies) => cookies.map((line) => line.split('=')[0]);

/** Logs in by Auth.js 5 and returns its Set-Cookie lines. */
async function logInByAuthJS({ secret = SECRET, url = 'https://app.example', extra = '', ...config } = {}) {
  const response = await Auth(
    new Request(`${url}/api/auth/callback/credentials`, {
      method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'username=ada',
    }),
    {
      secret, trustHost: true, basePath: '/api/auth', skipCSRFCheck,
      providers: [CredentialsOfAuthJS({ credentials: {}, authorize: () => ada })],
      callbacks: { jwt: ({ token }) => ({ ...token, extra }) },
      ...config,
    },
  );
  return response.headers.getSetCookie();
}

/** Logs in by NextAuth 4, as a route of pages/api. */
async function logInByNextAuth({ secret = SECRET, url = 'https://app.example', extra = '' } = {}) {
  process.env.NEXTAUTH_URL = url;
  const cookies = [];
  const response = {
    setHeader: (name, value) => name.toLowerCase() === 'set-cookie' && cookies.splice(0, Infinity, ...[value].flat()),
    getHeader: (name) => (name.toLowerCase() === 'set-cookie' ? cookies : undefined),
    status: () => response, json: () => {}, send: () => {}, end: () => {},
  };
  const csrf = 'abc';
  const hash = createHash('sha256').update(csrf + secret).digest('hex');
  const csrfCookie = `${url.startsWith('https') ? '__Host-' : ''}next-auth.csrf-token`;
  await NextAuth(
    {
      method: 'POST', headers: { host: new URL(url).host }, query: { nextauth: ['callback', 'credentials'] },
      cookies: { [csrfCookie]: `${csrf}|${hash}` }, body: { csrfToken: csrf, username: 'ada', json: 'true' },
    },
    response,
    {
      secret,
      providers: [(CredentialsOfNextAuth.default ?? CredentialsOfNextAuth)({ credentials: {}, authorize: async () => ada })],
      callbacks: { jwt: ({ token }) => ({ ...token, extra }) },
    },
  );
  return cookies;
}

test('a token signed by jose gets in as one by jsonwebtoken does', async (t) => {
  const gateway = await startGateway(t);
  const sign = (alg, secret) => new SignJWT({ username: 'Ada' }).setProtectedHeader({ alg, typ: 'JWT' }).setSubject('user-1')
    .setIssuedAt().setExpirationTime('1h').sign(new TextEncoder().encode(secret));
  assert.deepEqual(await identity(t, gateway, `token=${await sign('HS256', JWT_SECRET)}`), { userId: 'user-1', username: 'Ada' });
  assert.deepEqual(await identity(t, gateway, `token=${token({ id: 'user-1', name: 'Ada' })}`), { userId: 'user-1', username: 'Ada' });
  await refused(t, gateway, `token=${await sign('HS512', JWT_SECRET.repeat(2))}`, 'HS512');
  await refused(t, gateway, `token=${await sign('HS256', SECRET)}`, 'another secret');
});

test('while JWT_SECRET is replaced, tokens of both secrets get in', async (t) => {
  const gateway = await startGateway(t, { JWT_SECRET: SECRET, JWT_SECRET_PREVIOUS: JWT_SECRET });
  for (const secret of [SECRET, JWT_SECRET]) {
    assert.equal((await identity(t, gateway, `token=${token({ id: 'user-1' }, { secret })}`)).userId, 'user-1');
  }
  await refused(t, gateway, `token=${token({ id: 'user-1' }, { secret: 'a-third-secret-of-at-least-32-bytes' })}`, 'a third secret');
});

test('NEXTAUTH_SECRET alone lets in by the cookies of NextAuth 4', async (t) => {
  const gateway = await start(t, { NEXTAUTH_SECRET: SECRET });
  const https = await logInByNextAuth();
  assert.ok(names(https).includes('__Secure-next-auth.session-token'));
  assert.deepEqual(await identity(t, gateway, https), { userId: 'user-1', username: 'Ada' });

  const http = await logInByNextAuth({ url: 'http://localhost:3000' });
  assert.ok(names(http).includes('next-auth.session-token'));
  assert.deepEqual(await identity(t, gateway, http), { userId: 'user-1', username: 'Ada' });

  const large = await logInByNextAuth({ extra: 'x'.repeat(5000) });
  assert.ok(names(large).includes('__Secure-next-auth.session-token.1'));
  assert.deepEqual(await identity(t, gateway, large), { userId: 'user-1', username: 'Ada' });
  await refused(t, gateway, large.filter((line) => !line.includes('token.0=')), 'without its first chunk');
  await refused(t, gateway, await logInByNextAuth({ secret: 'another secret' }), 'another secret');
});

test('AUTH_SECRET alone lets in by the cookies of Auth.js 5', async (t) => {
  const gateway = await start(t, { AUTH_SECRET: SECRET });
  const https = await logInByAuthJS();
  assert.ok(names(https).includes('__Secure-authjs.session-token'));
  assert.deepEqual(await identity(t, gateway, https), { userId: 'user-1', username: 'Ada' });

  const http = await logInByAuthJS({ url: 'http://localhost:3000' });
  assert.ok(names(http).includes('authjs.session-token'));
  assert.deepEqual(await identity(t, gateway, http), { userId: 'user-1', username: 'Ada' });

  const large = await logInByAuthJS({ extra: 'x'.repeat(5000) });
  assert.ok(names(large).includes('__Secure-authjs.session-token.1'));
  assert.deepEqual(await identity(t, gateway, large), { userId: 'user-1', username: 'Ada' });

  const host = await logInByAuthJS({ cookies: { sessionToken: { name: '__Host-authjs.session-token' } } });
  assert.ok(names(host).includes('__Host-authjs.session-token'));
  assert.deepEqual(await identity(t, gateway, host), { userId: 'user-1', username: 'Ada' });

  await refused(t, gateway, await logInByAuthJS({ secret: 'another secret' }), 'another secret');
  await refused(t, gateway, https.map((line) => line.replace('__Secure-', '')), 'under another name, which is the salt');
  await refused(t, gateway, `authjs.session-token=${token({ sub: 'eve' }, { secret: SECRET })}`, 'signed, not encrypted');
});

test('a session cookie with a name of its own is found by TOKEN_COOKIE', async (t) => {
  const gateway = await start(t, { AUTH_SECRET: SECRET, TOKEN_COOKIE: '__Host-mine' });
  const cookies = await logInByAuthJS({ cookies: { sessionToken: { name: '__Host-mine' } } });
  assert.deepEqual(await identity(t, gateway, cookies), { userId: 'user-1', username: 'Ada' });
});

test('while AUTH_SECRET is rotated, sessions of all its secrets get in', async (t) => {
  const gateway = await start(t, { AUTH_SECRET: 'old', AUTH_SECRET_1: 'newer', AUTH_SECRET_3: 'newest' });
  for (const secret of ['old', 'newer', 'newest']) {
    assert.equal((await identity(t, gateway, await logInByAuthJS({ secret }))).userId, 'user-1', secret);
  }
  await refused(t, gateway, await logInByAuthJS({ secret: 'never' }), 'a secret that was never set');
});

test('when an encrypted session ends the client is let go, and refused with the same cookie', async (t) => {
  const gateway = await start(t, { AUTH_SECRET: SECRET });
  const name = 'authjs.session-token';
  const five = await encode({ token: { sub: 'user-1' }, secret: SECRET, salt: name, maxAge: 2 });
  const four = await nextAuthJWT.encode({ token: { sub: 'user-1' }, secret: SECRET, maxAge: 2 });
  const sockets = await Promise.all([`${name}=${five}`, `next-auth.session-token=${four}`]
    .map((cookie) => connect(t, gateway, { cookie, reconnect: true })));
  await Promise.all(sockets.map(async (socket) => {
    assert.equal((await refusal(socket)).message, 'Authentication error');
    assert.deepEqual(socket.endings, ['transport close']);
  }));
  await until('the reason', () => gateway.entries().find((entry) => entry.reason === 'expired'));
});

test('the log names the cookies that came, and why none was good', async (t) => {
  const gateway = await startGateway(t, { AUTH_SECRET: SECRET });
  await refused(t, gateway, await logInByAuthJS({ secret: 'another secret' }), 'another secret');
  const entry = await until('the reason', () => gateway.entries().find((entry) => entry.msg === 'authentication failed'));
  assert.equal(entry.reason, 'bad_encryption');
  assert.ok(entry.cookies.includes('__Secure-authjs.session-token'));
});

// --- sessions in the database

const BETTER_AUTH_TABLES = `
  CREATE TABLE "user" ("id" TEXT PRIMARY KEY, "name" TEXT NOT NULL, "email" TEXT NOT NULL);
  CREATE TABLE "session" ("id" TEXT PRIMARY KEY, "token" TEXT NOT NULL UNIQUE, "userId" TEXT NOT NULL, "expiresAt" TIMESTAMP(3) NOT NULL)`;
const BETTER_AUTH_QUERY = 'SELECT u.id, u.name, s."expiresAt" FROM session s JOIN "user" u ON u.id = s."userId" WHERE s.token = $1';

/** Signs up by Better Auth, puts its rows into the database, and returns its Set-Cookie lines. */
async function signUpByBetterAuth(database, { url = 'http://localhost:3000', secret = SECRET } = {}) {
  const tables = { user: [], session: [], account: [], verification: [] };
  const auth = betterAuth({
    baseURL: url, secret, database: memoryAdapter(tables), emailAndPassword: { enabled: true }, telemetry: { enabled: false },
    logger: { disabled: true },
  });
  const response = await auth.handler(new Request(`${url}/api/auth/sign-up/email`, {
    method: 'POST', headers: { 'content-type': 'application/json', origin: url },
    body: JSON.stringify({ name: 'Ada', email: `${randomBytes(4).toString('hex')}@example.com`, password: 'correct horse battery' }),
  }));
  assert.equal(response.status, 200);
  const [user] = tables.user;
  const [session] = tables.session;
  await database.query('INSERT INTO "user" VALUES ($1, $2, $3)', [user.id, user.name, user.email]);
  await database.query('INSERT INTO "session" VALUES ($1, $2, $3, $4)', [session.id, session.token, user.id, session.expiresAt.toISOString().slice(0, -1)]);
  return { cookies: response.headers.getSetCookie(), user, session };
}

test('a session of Better Auth gets in by its cookie, its row and its signature', async (t) => {
  const database = await createDatabase(t);
  await database.query(BETTER_AUTH_TABLES);
  const gateway = await start(t, { SESSION_QUERY: BETTER_AUTH_QUERY, BETTER_AUTH_SECRET: SECRET }, { database });

  const http = await signUpByBetterAuth(database);
  assert.ok(names(http.cookies).includes('better-auth.session_token'));
  assert.deepEqual(await identity(t, gateway, http.cookies), { userId: http.user.id, username: 'Ada' });
  const https = await signUpByBetterAuth(database, { url: 'https://app.example' });
  assert.ok(names(https.cookies).includes('__Secure-better-auth.session_token'));
  assert.deepEqual(await identity(t, gateway, https.cookies), { userId: https.user.id, username: 'Ada' });

  const cookie = `better-auth.session_token=${http.session.token}`;
  await refused(t, gateway, cookie, 'without its signature');
  await refused(t, gateway, (await signUpByBetterAuth(database, { secret: 'another-secret-of-32-bytes-at-least' })).cookies, 'signed by another');
  await database.query('DELETE FROM "session" WHERE "token" = $1', [http.session.token]);
  await refused(t, gateway, http.cookies, 'logged out');
  await database.query(`UPDATE "session" SET "expiresAt" = now() AT TIME ZONE 'UTC' - interval '1 second' WHERE "token" = $1`, [https.session.token]);
  await refused(t, gateway, https.cookies, 'over');
});

test('a session that Auth.js keeps in the database gets in by its plain cookie, until it ends', async (t) => {
  const database = await createDatabase(t);
  await database.query(`CREATE TABLE "Session" ("sessionToken" TEXT PRIMARY KEY, "userId" TEXT NOT NULL, "expires" TIMESTAMP(3) NOT NULL);
    INSERT INTO "User" VALUES ('user-1', 'Ada', 'x')`);
  const gateway = await start(t, {
    SESSION_QUERY: 'SELECT u.id, u.username, s.expires FROM "Session" s JOIN "User" u ON u.id = s."userId" WHERE s."sessionToken" = $1',
  }, { database });
  const ends = Date.now() + 3000;
  await database.query(`INSERT INTO "Session" VALUES ('3f5c1c1e-0d5a-4d8b-9a51-6f3a3d9a3b1e', 'user-1', now() AT TIME ZONE 'UTC' + interval '3 seconds')`);
  const socket = await connect(t, gateway, { cookie: '__Secure-authjs.session-token=3f5c1c1e-0d5a-4d8b-9a51-6f3a3d9a3b1e', reconnect: true });
  assert.deepEqual((await join(socket, 'lobby')).members, [{ userId: 'user-1', username: 'Ada' }]);
  await refused(t, gateway, `__Secure-authjs.session-token=' OR ''='`, "nobody's");
  await refusal(socket, 8_000);
  assert.deepEqual(socket.endings, ['transport close']);
  assert.ok(Date.now() > ends - 200, 'not before it ends');
});

test('while the database can not say whose a session is, clients come back by themselves instead of being logged out', async (t) => {
  const database = await createDatabase(t);
  await database.query(BETTER_AUTH_TABLES);
  const gateway = await start(t, { SESSION_QUERY: BETTER_AUTH_QUERY, DATABASE_TIMEOUT: '500ms' }, { database });
  const { cookies, user } = await signUpByBetterAuth(database);
  await database.query('ALTER TABLE "session" RENAME TO "gone"');
  const socket = client(t, gateway, { cookie: header(cookies), reconnect: true });
  const errors = [];
  socket.on('connect_error', (error) => errors.push(error.message));
  await until('a try in vain', () => gateway.entries().filter((entry) => entry.msg === 'session could not be looked up').length > 1);
  await database.query('ALTER TABLE "gone" RENAME TO "session"');
  await connected(socket);
  assert.deepEqual(errors, []);
  assert.equal((await join(socket, 'lobby')).members[0].userId, user.id);
});

test('tokens of a login service let in by its JWKS, and no others', async (t) => {
  const issuer = 'https://clerk.example.com';
  const pairs = { rs: await generateKeyPair('RS256', { extractable: true }), es: await generateKeyPair('ES256', { extractable: true }) };
  const algorithms = { rs: 'RS256', es: 'ES256' };
  const keys = await Promise.all(Object.entries(pairs).map(async ([kid, pair]) => ({ ...(await exportJWK(pair.publicKey)), kid, use: 'sig' })));
  const service = createServer((request, response) => response.end(JSON.stringify({ keys })));
  await new Promise((resolve) => service.listen(0, '127.0.0.1', resolve));
  t.after(() => service.close());
  const signed = (kid, claims, by = issuer, pair = pairs[kid]) =>
    new SignJWT(claims).setProtectedHeader({ alg: algorithms[kid], kid }).setIssuer(by).setExpirationTime('1m').sign(pair.privateKey);
  const gateway = await start(t, { TOKEN_JWKS_URL: `http://127.0.0.1:${service.address().port}/jwks.json`, TOKEN_ISSUER: issuer, TOKEN_COOKIE: '__session' });

  for (const kid of ['rs', 'es']) {
    const mine = await signed(kid, { sub: `user_${kid}`, name: kid });
    assert.deepEqual(await identity(t, gateway, `__session=${mine}`), { userId: `user_${kid}`, username: kid });
    const socket = await connect(t, gateway, { auth: { token: mine } });
    assert.equal((await join(socket, 'r')).members.at(-1).username, kid);
  }
  for (const [what, bad] of Object.entries({
    'another issuer': await signed('rs', { sub: 'eve' }, 'https://evil.example.com'),
    'another key of the same id': await signed('es', { sub: 'eve' }, issuer, await generateKeyPair('ES256')),
    'an HMAC by the secret that is not set': token({ sub: 'eve' }),
  })) {
    assert.equal((await refusal(client(t, gateway, { auth: { token: bad } }))).message, 'Authentication error', what);
  }
});
