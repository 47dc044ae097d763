// An app whose people log in at a service that signs by its own keys: Clerk (a cookie, RS256) or Supabase (in auth, ES256). Their tokens have
// no name, so the app's table says it.
//
//   const socket = io(url);                                           // Clerk: the cookie __session
//   const socket = io(url, { auth: { token: session.access_token } }) // Supabase
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { SignJWT, exportJWK, exportSPKI, generateKeyPair } from 'jose';
import { adopt, heardNothing, told, visit } from '../harness/apps.js';
import { ask, client, refusal, words } from '../harness/people.js';
import { later, test } from '../harness/test.js';
import { until } from '../harness/waiting.js';

const schema = `
  CREATE TABLE profiles (id TEXT PRIMARY KEY, display_name TEXT NOT NULL);
  CREATE TABLE messages (id TEXT PRIMARY KEY, room_id TEXT NOT NULL, profile_id TEXT NOT NULL REFERENCES profiles (id), body TEXT NOT NULL,
    created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP);
  INSERT INTO profiles VALUES ('user_ann', 'Ann'), ('user_bob', 'Bob'), ('user_eve', 'Eve')`;

/** A login service with one key, which it may replace. */
async function startService(t, alg, claims) {
  const service = { alg, issuer: `https://${alg.toLowerCase()}.example.com` };
  service.rotate = async (kid) => {
    service.kid = kid;
    service.pair = await generateKeyPair(alg, { extractable: true });
    service.keys = [{ ...(await exportJWK(service.pair.publicKey)), kid, use: 'sig', alg }];
  };
  service.token = (sub, { issuer = service.issuer, key = service.pair.privateKey, kid = service.kid, ends = '1m' } = {}) =>
    new SignJWT({ sub, ...claims }).setProtectedHeader({ alg, kid }).setIssuer(issuer).setIssuedAt().setExpirationTime(ends).sign(key);
  await service.rotate('first');
  const server = createServer((request, response) => response.end(JSON.stringify({ keys: service.keys })));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  later(t, () => server.close());
  service.env = { JWT_SECRET: undefined, MESSAGE_USER_COLUMN: 'profile_id', TOKEN_JWKS_URL: `http://127.0.0.1:${server.address().port}/jwks.json`, TOKEN_ISSUER: service.issuer };
  return service;
}

const kinds = {
  Clerk: { alg: 'RS256', claims: { sid: 'sess_1', azp: 'http://localhost:3000' }, env: { TOKEN_COOKIE: '__session' }, by: (tok) => ({ cookie: `__session=${tok}` }) },
  Supabase: { alg: 'ES256', claims: { aud: 'authenticated', role: 'authenticated', email: 'someone@example.com' }, env: { TOKEN_AUDIENCE: 'authenticated' }, by: (tok) => ({ auth: { token: tok } }) },
};

for (const [kind, { alg, claims, env, by }] of Object.entries(kinds)) {
  test(`two who log in by ${kind} talk under the names of the app, and a third hears nothing`, async (t) => {
    const service = await startService(t, alg, claims);
    const { gateway, database } = await adopt(t, { schema, env: { ...service.env, ...env } });
    const [ann, bob, eve] = await Promise.all(['user_ann', 'user_bob', 'user_eve'].map(async (sub) => visit(t, gateway, undefined, by(await service.token(sub)))));
    for (const [socket, room] of [[ann, 'r'], [bob, 'r'], [eve, 'other']]) assert.ok((await ask(socket, 'join_room', room)).ok);
    assert.ok((await ask(bob, 'send_message', { roomId: 'r', body: words('hi') })).ok);
    const { userId, user, body } = await told(ann, 'receive_message', (message) => message.body === words('hi'));
    assert.deepEqual([userId, user.username, body], ['user_bob', 'Bob', words('hi')]);
    heardNothing(eve, 'receive_message');
    assert.equal((await database.query('SELECT profile_id FROM messages'))[0].profile_id, 'user_bob');
    assert.ok(!JSON.stringify(ann.heard).includes('example.com'), 'no address is told');
  });

  test(`a token that ${kind} has not made for this app lets nobody in`, async (t) => {
    const service = await startService(t, alg, claims);
    const { gateway } = await adopt(t, { schema, env: { ...service.env, ...env } });
    const [header, payload] = (await service.token('user_eve')).split('.');
    const hmac = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(header, 'base64url')), alg: 'HS256' })).toString('base64url');
    const byPublicKey = createHmac('sha256', await exportSPKI(service.pair.publicKey)).update(`${hmac}.${payload}`).digest('base64url');
    const none = Buffer.from('{"alg":"none"}').toString('base64url');
    for (const [what, token] of Object.entries({
      'of another issuer': await service.token('user_eve', { issuer: 'https://evil.example.com' }),
      'of another key': await service.token('user_eve', { key: (await generateKeyPair(alg)).privateKey }),
      'of a key that nobody knows': await service.token('user_eve', { kid: 'unknown', key: (await generateKeyPair(alg)).privateKey }),
      'that has ended': await service.token('user_eve', { ends: '-1m' }),
      'with the public key as its secret': `${hmac}.${payload}.${byPublicKey}`,
      'without a signature': `${none}.${payload}.`,
    })) {
      assert.equal((await refusal(client(t, gateway, by(token)))).message, 'Authentication error', what);
    }
    await visit(t, gateway, undefined, by(await service.token('user_ann')));
  });
}

test('who logs in after the service has changed its key is let in, and who is connected stays', async (t) => {
  const service = await startService(t, 'RS256', {});
  const { gateway } = await adopt(t, { schema, env: { ...service.env, TOKEN_COOKIE: '__session' } });
  const ann = await visit(t, gateway, undefined, { cookie: `__session=${await service.token('user_ann')}` });
  await service.rotate('second');
  const cookie = `__session=${await service.token('user_bob')}`;
  const bob = await until('the new key to be fetched', async () => {
    try {
      return await visit(t, gateway, undefined, { cookie });
    } catch {
      return undefined;
    }
  }, 20_000);
  for (const socket of [ann, bob]) assert.ok((await ask(socket, 'join_room', 'r')).ok);
  assert.ok((await ask(ann, 'send_message', { roomId: 'r', body: words('still here') })).ok);
  await told(bob, 'receive_message', (message) => message.body === words('still here'));
});
