// The web app's own server speaks by HTTP: to rooms, users and sockets over all gateways, and in the order and durability of messages.
import assert from 'node:assert/strict';
import { request as plainRequest } from 'node:http';
import { API_KEY, HEARD, apiOf, keepsTheKey, request, speak } from './harness/api.js';
import { check } from './harness/check.js';
import { FOREIGN_KEYS, createDatabase } from './harness/database.js';
import { startGateway } from './harness/gateway.js';
import { said, told, visit } from './harness/apps.js';
import { ask, hears, join, refusal, sees, words } from './harness/people.js';
import { freePort } from './harness/ports.js';
import { startRedis } from './harness/redis.js';
import { test } from './harness/test.js';
import { event, until } from './harness/waiting.js';

/** Two gateways that are one, and what they share. */
async function startTwo(t, env = {}) {
  const [redis, database] = [await startRedis(t), await createDatabase(t)];
  const gateways = [];
  for (let i = 0; i < 2; i++) gateways.push(await startGateway(t, { REDIS_URL: redis.url, JOIN_MODE: 'multi', ...HEARD, ...env }, { database }));
  return { redis, database, gateways };
}

/** What is told everybody last: what came before has arrived when it is heard. */
async function after(gateway, ...sockets) {
  const end = `end ${Math.random()}`;
  await speak(gateway, 'emit', { event: 'end', args: [end], all: true });
  for (const socket of sockets) await told(socket, 'end', end);
}

const ids = ({ members }) => members.map(({ userId }) => userId).sort();

test('an emit reaches rooms, users and sockets at every gateway, and nobody else', async (t) => {
  const { gateways: [a, b] } = await startTwo(t);
  const [ann, phone, bob, eve] = await Promise.all([visit(t, a, 'ann'), visit(t, b, 'ann'), visit(t, b, 'bob'), visit(t, a, 'eve')]);
  for (const socket of [ann, bob]) await join(socket, 'r');
  const people = { ann, phone, bob, eve };
  for (const [i, [to, who]] of [
    [{ to: { rooms: ['r'] } }, ['ann', 'bob']],
    [{ to: { users: ['id-of-ann'] } }, ['ann', 'phone']],
    [{ to: { sockets: [phone.id] } }, ['phone']],
    [{ to: { rooms: ['r'], users: ['id-of-eve'] }, except: { users: ['id-of-ann'] } }, ['bob', 'eve']],
    [{ all: true, except: { rooms: ['r'] } }, ['phone', 'eve']],
    [{ all: true, except: { sockets: [eve.id] } }, ['ann', 'phone', 'bob']],
  ].entries()) {
    const gateway = [a, b][i % 2];
    await speak(gateway, 'emit', { event: `news ${i}`, args: [{ text: '<b>' }, i], ...to });
    await after(gateway, ...Object.values(people));
    for (const [name, socket] of Object.entries(people)) {
      assert.deepEqual(said(socket, `news ${i}`), who.includes(name) ? [[{ text: '<b>' }, i]] : [], `${JSON.stringify(to)} at ${name}`);
    }
  }
  await until('what is volatile', async () => { // whoever is being written to just then may miss it
    await speak(a, 'emit', { event: 'volatile', args: [], all: true, volatile: true, except: { sockets: [eve.id] } });
    return [ann, phone, bob].every((socket) => said(socket, 'volatile').length);
  });
  await after(a, eve);
  assert.deepEqual(said(eve, 'volatile'), []);
});

test('a message of the app is stored, encrypted, in the order of the others, and heard at every gateway and by who was away', async (t) => {
  const { gateways: [a, b], database } = await startTwo(t, { API_USER: 'system' });
  const ann = await visit(t, a, 'ann', { reconnect: true });
  const bob = await visit(t, b, 'bob');
  for (const socket of [ann, bob]) await join(socket, 'r');
  await until('bob to be known at the other gateway', async () => ids(await speak(a, 'online', {})).includes('id-of-bob'));
  const { message } = await speak(a, 'messages', { userId: 'id-of-bob', message: { roomId: 'r', text: words('by the app'), replyTo: 'm0' } });
  const heard = await hears(ann, 'by the app');
  assert.deepEqual(message, heard);
  assert.deepEqual([heard.userId, heard.user.username, heard.replyTo, heard.roomId], ['id-of-bob', 'bob', 'm0', 'r']);
  await hears(bob, 'by the app');

  const back = event(ann, 'connect');
  ann.io.engine.close();
  await speak(b, 'messages', { username: 'The house', message: { roomId: 'r', text: words('while she is away') } });
  await back;
  assert.equal((await hears(bob, 'while she is away')).user.username, 'The house');
  assert.equal((await hears(ann, 'while she is away')).userId, 'system');
  assert.ok(ann.recovered);

  await Promise.all(Array.from({ length: 20 }, (_, i) => (i % 2
    ? ask(bob, 'send_message', { roomId: 'r', text: words(`n ${i}`) })
    : speak([a, b][i % 4 / 2], 'messages', { userId: 'id-of-ann', message: { roomId: 'r', text: words(`n ${i}`) } }))));
  await until('all to be heard', () => ann.messages.length === 22 && bob.messages.length === 22);
  assert.deepEqual(ann.messages.map(({ id }) => id), bob.messages.map(({ id }) => id));
  const rows = await database.messages();
  assert.deepEqual(rows.map(({ id }) => id), ann.messages.map(({ id }) => id));
  assert.deepEqual(rows.map(({ plaintext }) => plaintext), ann.messages.map(({ text }) => text));
  assert.deepEqual(rows.slice(0, 2).map(({ userId }) => userId), ['id-of-bob', 'system']);
});

test('what comes twice under one Idempotency-Key is stored and told once, at whichever gateway and after a kill', async (t) => {
  const { gateways: [a, b], database, redis } = await startTwo(t);
  const bob = await visit(t, b, 'bob');
  await join(bob, 'r');
  const message = { roomId: 'r', text: words('once') };
  const say = (gateway, key = 'order-17') => speak(gateway, 'messages', { userId: 'id-of-ann', message }, { idempotencyKey: key });
  const all = await Promise.all([say(a), say(a), say(a)]);
  all.push(await say(b));
  await a.kill();
  const again = await startGateway(t, { REDIS_URL: redis.url, ...HEARD }, { database });
  all.push(await say(again));
  assert.deepEqual([...new Set(all.map((answer) => answer.message.id))].length, 1);
  await say(again, 'order-18');
  await until('the other', () => bob.messages.length === 2);
  assert.equal((await database.messages()).length, 2);
  assert.deepEqual(bob.messages.map(({ text }) => text), [words('once'), words('once')]);
});

test('the app moves users in and out of rooms everywhere, and knows who is where', async (t) => {
  const { gateways: [a, b] } = await startTwo(t);
  const [ann, phone, bob] = [await visit(t, a, 'ann'), await visit(t, b, 'ann'), await visit(t, b, 'bob')];
  await join(bob, 'r');
  await speak(a, 'join', { to: { users: ['id-of-ann'] }, rooms: ['r'] });
  await speak(a, 'emit', { event: 'welcome', args: [1], to: { rooms: ['r'] } }); // to all who have just joined
  for (const socket of [ann, phone, bob]) await told(socket, 'welcome', 1);
  await sees(bob, ['ann', 'bob']);
  for (const gateway of [a, b]) assert.deepEqual(ids(await speak(gateway, 'members', { room: 'r' })), ['id-of-ann', 'id-of-bob']);
  assert.ok((await ask(ann, 'send_message', { roomId: 'r', text: words('hi') })).ok);

  await speak(b, 'leave', { to: { users: ['id-of-ann'] }, rooms: ['r'] });
  await sees(bob, ['bob']);
  await until('the list at the other gateway', async () => ids(await speak(a, 'members', { room: 'r' })).join() === 'id-of-bob');
  await speak(b, 'emit', { event: 'secret', to: { rooms: ['r'] } });
  await after(b, ann, phone);
  assert.deepEqual([...said(ann, 'secret'), ...said(phone, 'secret')], []);

  const online = await speak(a, 'online', {});
  assert.deepEqual([ids(online), online.count], [['id-of-ann', 'id-of-bob'], 2]);
  assert.deepEqual(ids(await speak(b, 'online', { users: ['id-of-ann', 'id-of-eve'] })), ['id-of-ann']);
  assert.deepEqual(await speak(a, 'members', { room: 'nowhere' }), { members: [], count: 0 });
});

test('the app disconnects users and sockets at every gateway, and has ended logins go at once', async (t) => {
  const REVOKED_QUERY = 'SELECT EXISTS (SELECT FROM banned WHERE id = $1)';
  const redis = await startRedis(t);
  const database = await createDatabase(t);
  await database.query('CREATE TABLE banned (id TEXT)');
  const env = { REDIS_URL: redis.url, REVOKED_QUERY, ACCESS_RECHECK: '1h', ...HEARD };
  const [a, b] = [await startGateway(t, env, { database }), await startGateway(t, env, { database })];
  const [ann, phone, bob, eve] = [await visit(t, a, 'ann'), await visit(t, b, 'ann'), await visit(t, b, 'bob'), await visit(t, b, 'eve')];
  await speak(a, 'disconnect', { to: { sockets: [bob.id] } });
  await until('bob to be gone', () => bob.endings[0] === 'io server disconnect');
  await speak(a, 'revoke', { users: ['id-of-ann'] }); // nothing has ended
  await after(a, ann, phone, eve);
  await database.query(`INSERT INTO banned VALUES ('id-of-ann')`);
  await speak(a, 'revoke', { users: ['id-of-ann'] });
  await until('ann to be gone', () => !ann.connected && !phone.connected, 3_000);
  phone.connect();
  assert.equal((await refusal(phone)).message, 'Authentication error');
  await speak(a, 'disconnect', { to: { users: ['id-of-eve'] } });
  await until('eve to be gone', () => eve.endings[0] === 'io server disconnect');
});

test('who has no key, asks for nonsense or for too much gets an answer that says so, and nothing is done', async (t) => {
  const database = await createDatabase(t);
  await database.query(FOREIGN_KEYS);
  await database.query(`INSERT INTO "User" VALUES ('id-of-ann', 'ann', 'x'); INSERT INTO "Room" VALUES ('r', 'r')`);
  const gateway = await startGateway(t, { ...HEARD, API_KEY: `another-key-Qb7x0Zk2mV9sLw4e, ${API_KEY}`, API_RATE: 1000 }, { database });
  const ann = await visit(t, gateway, 'ann');
  const emit = { event: 'news', all: true };
  for (const key of ['', 'wrong', API_KEY.slice(1), `${API_KEY}x`, API_KEY.toUpperCase()]) {
    const { status, answer } = await request(gateway, 'emit', emit, { key });
    assert.deepEqual([status, answer.code], [401, 'unauthorized'], key);
  }
  for (const [path, body, status, code] of [
    ['emit', '', 400, 'bad_request'],
    ['emit', '{"event":', 400, 'bad_request'],
    ['emit', { event: 'news' }, 400, 'bad_request'],
    ['emit', { event: 'news', to: { rooms: [] } }, 400, 'bad_request'],
    ['emit', { event: 'news', all: true, exept: {} }, 400, 'bad_request'],
    ['emit', { event: 'connect', all: true }, 400, 'bad_request'],
    ['emit', { event: 'news', to: { rooms: ['\0user\0id-of-ann'] } }, 400, 'bad_request'],
    ['emit', { event: 'news', all: true, args: ['x'.repeat(300_000)] }, 413, 'too_large'],
    ['emit', JSON.stringify({ event: 'news', all: true, args: ['x'.repeat(3_000_000)] }), 413, 'too_large'],
    ['messages', { message: { roomId: 'r', text: words('of nobody') } }, 400, 'bad_request'],
    ['messages', { userId: 'id-of-nobody', message: { roomId: 'r', text: words('of a user that is not') } }, 400, 'bad_request'],
    ['messages', { userId: 'id-of-ann', message: { roomId: 'no room', text: words('nowhere') } }, 400, 'bad_request'],
    ['messages', { userId: 'id-of-ann', message: { roomId: ann.id, text: words('to one socket') } }, 403, 'forbidden'],
    ['messages', { userId: 'id-of-ann', message: { roomId: 'r', text: 'x'.repeat(70_000) } }, 413, 'too_large'],
    ['join', { to: { users: ['id-of-ann'] }, rooms: [ann.id] }, 403, 'forbidden'],
    ['revoke', { users: ['id-of-ann'] }, 400, 'bad_request'],
    ['nothing', {}, 404, 'not_found'],
  ]) {
    const { status: got, answer } = await request(gateway, path, body);
    assert.deepEqual([got, answer.code], [status, code], `${path} ${JSON.stringify(body).slice(0, 80)}: ${answer.error}`);
    assert.ok(answer.error.length > 10);
  }
  assert.equal((await request(gateway, 'emit', undefined, { method: 'GET' })).status, 405);
  await after(gateway, ann);
  assert.deepEqual(said(ann, 'news'), []);
  assert.equal((await database.messages()).length, 0);
  assert.equal((await speak(gateway, 'messages', { userId: 'id-of-ann', message: { roomId: 'r', text: words('she is there') } })).message.user.username, 'ann');

  const { answer } = await request(gateway, 'openapi.json', undefined, { method: 'GET', key: '' });
  assert.ok(Object.keys(answer.paths).includes('/api/messages'));
  assert.equal((await gateway.get('/api/emit')).status, 404, 'on the public port there is nothing');
  assert.equal((await gateway.get('/api/openapi.json')).status, 404);
  keepsTheKey(gateway);
});

test('an app that asks without end, or holds its connection, costs itself alone', async (t) => {
  const gateway = await startGateway(t, { ...HEARD, API_RATE: 5, DATABASE_TIMEOUT: '100ms' });
  const ann = await visit(t, gateway, 'ann');
  const began = Date.now();
  const slow = plainRequest(`${await apiOf(gateway)}/api/emit`, { method: 'POST', headers: { authorization: `Bearer ${API_KEY}`, 'content-length': 100 } });
  slow.on('error', () => {});
  slow.write('{');
  const [response] = await event(slow, 'response', 10_000);
  assert.equal(response.statusCode, 400);
  assert.ok(Date.now() - began < 9_000);
  slow.destroy();
  const statuses = await Promise.all(Array.from({ length: 40 }, async () => (await request(gateway, 'online', {})).status));
  assert.ok(statuses.filter((status) => status === 200).length >= 9);
  assert.ok(statuses.includes(429), 'the rest is refused');
  assert.ok((await ask(ann, 'join_room', 'r')).ok);
  keepsTheKey(gateway);
});

test('a message that is under way as the gateway ends is stored and answered', async (t) => {
  const gateway = await startGateway(t, HEARD);
  const release = await gateway.database.block();
  const asked = speak(gateway, 'messages', { userId: 'id-of-ann', message: { roomId: 'r', text: words('the last') } });
  await until('the commit to wait', async () => (await gateway.database.query('SELECT FROM pg_locks WHERE NOT granted AND relation = \'"Message"\'::regclass')).length > 0);
  const ended = gateway.stop();
  await until('the gateway to end', () => gateway.entries().some(({ msg }) => msg === 'shutting down'));
  await release();
  const { message } = await asked;
  await ended;
  assert.deepEqual((await gateway.database.messages()).map(({ id }) => id), [message.id]);
});

test('a unix socket is as good, and one that a killed gateway left behind is taken over', async (t) => {
  const env = { API_ADDR: './api.sock', API_KEY };
  const gateway = await startGateway(t, env);
  const socketPath = `${gateway.folder}/api.sock`;
  const online = () => new Promise((resolve, reject) => {
    plainRequest({ socketPath, path: '/api/online', method: 'POST', headers: { authorization: `Bearer ${API_KEY}` } }, (response) => resolve(response.resume().statusCode)).on('error', reject).end('{}');
  });
  assert.equal(await online(), 200);
  await gateway.kill();
  await startGateway(t, { ...env, API_ADDR: socketPath });
  assert.equal(await online(), 200);
});

test('check looks whether the address is free and the key is one', async (t) => {
  const database = await createDatabase(t);
  const env = { DATABASE_URL: database.url, HOST: '127.0.0.1', PORT: await freePort() };
  const API_ADDR = `127.0.0.1:${await freePort()}`;
  const good = await check({ ...env, API_ADDR, API_KEY });
  assert.ok(good.steps.some(({ step, text }) => step === 'port' && text.includes(`${API_ADDR} is free (API_ADDR)`)), good.said);
  assert.ok(!good.said.includes(API_KEY));
  const weak = await check({ ...env, API_ADDR, API_KEY: 'your-secret-key' });
  assert.ok(weak.steps.some(({ step, outcome, text }) => step === 'variables' && outcome === 'warning' && text.startsWith('API_KEY is ')), weak.said);
  const none = await check({ ...env, API_ADDR });
  assert.ok(none.steps.some(({ step, outcome, text }) => step === 'variables' && outcome === 'fault' && text.startsWith('API_KEY is not set')), none.said);
  const taken = await check({ ...env, API_ADDR: `127.0.0.1:${env.PORT}`, API_KEY });
  assert.ok(taken.steps.some(({ step, outcome, text }) => step === 'port' && outcome === 'fault' && text.startsWith('API_ADDR has the port of the clients')), taken.said);
});
