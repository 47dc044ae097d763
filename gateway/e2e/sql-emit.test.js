// SELECT socketgate.emit(room, event, payload) in the app's own transaction (SQL_EMIT).
import assert from 'node:assert/strict';
import pg from 'pg';
import { adopt, heardNothing, said, told, visit } from './harness/apps.js';
import { createDatabase } from './harness/database.js';
import { runGateway, startGateway } from './harness/gateway.js';
import { ask, words } from './harness/people.js';
import { freePort } from './harness/ports.js';
import { ownPostgres } from './harness/postgres.js';
import { later, test } from './harness/test.js';
import { event, until } from './harness/waiting.js';

const cuids = `CREATE TABLE "Message" ("id" TEXT PRIMARY KEY, "text" TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP)`;
const serials = cuids.replace('TEXT PRIMARY KEY', 'SERIAL PRIMARY KEY');
const uuids = cuids.replace('TEXT PRIMARY KEY', 'UUID PRIMARY KEY');

const env = { SQL_EMIT: 'true' };

async function enter(t, gateway, as, room = 'r1') {
  const socket = await visit(t, gateway, as, { reconnect: true });
  assert.ok((await ask(socket, 'join_room', room)).ok);
  return socket;
}

const emit = (database, n, room = 'r1') => database.query('SELECT socketgate.emit($1, $2, $3)', [room, 'news', JSON.stringify({ n })]);
const numbers = (socket) => said(socket, 'news').map(([{ n }]) => n);

/** What a client heard of both kinds, in its order. */
const all = (socket) => socket.heard.filter(([name]) => ['news', 'receive_message'].includes(name)).map(([, value]) => value.n ?? value.text);

async function cut(socket) {
  const back = event(socket, 'connect', 10_000);
  socket.io.engine.close();
  await back;
}

test('what is rolled back is told to nobody, and what is committed once to the room, in its order', async (t) => {
  const { gateway, database } = await adopt(t, { schema: cuids, env });
  const [ann, eve] = [await enter(t, gateway, 'ann'), await enter(t, gateway, 'eve', 'r2')];
  const client = await database.pool.connect();
  later(t, () => client.release());
  await client.query('BEGIN');
  await emit(client, 'rolled back');
  await client.query('ROLLBACK');
  await client.query('BEGIN');
  await emit(client, 1);
  await client.query(`SAVEPOINT s; SELECT socketgate.emit('r1', 'news', '{"n": "taken back"}'); ROLLBACK TO s`);
  await client.query(`SELECT socketgate.emit('r1', 'news', jsonb_build_object('n', 2)), socketgate.emit('r1', 'news', json_build_object('n', 3)),
    socketgate.emit('r1', 'word', to_json('text'::text)), socketgate.emit('r1', 'nothing', 'null')`);
  await emit(database, 'meanwhile');
  await told(ann, 'news', { n: 'meanwhile' });
  await client.query('COMMIT');
  await told(ann, 'nothing', null);
  assert.deepEqual(numbers(ann), ['meanwhile', 1, 2, 3]);
  assert.deepEqual(said(ann, 'word')[0][0], 'text');
  await emit(database, 'for eve', 'r2');
  await told(eve, 'news', { n: 'for eve' });
  assert.deepEqual(numbers(eve), ['for eve']);
});

for (const [ids, schema] of Object.entries({ cuids, uuids, serials })) {
  for (const gateways of [1, 2]) {
    test(`emits stand among messages for who was away too, with ${ids} and ${gateways} gateway${gateways > 1 ? 's' : ''}`, async (t) => {
      const app = await adopt(t, { schema, env, gateways });
      const [ann, bob] = await Promise.all(['ann', 'bob'].map((as, i) => enter(t, app.gateways[i % gateways], as)));
      const say = async (text) => assert.ok((await ask(bob, 'send_message', { roomId: 'r1', text: words(text) })).ok);
      await emit(app.database, 1);
      await told(ann, 'news', { n: 1 });
      await told(bob, 'news', { n: 1 });
      await say('two');
      ann.io.reconnectionDelay(500);
      const back = event(ann, 'connect', 10_000);
      ann.io.engine.close();
      await emit(app.database, 3);
      await told(bob, 'news', { n: 3 });
      await say('four');
      await emit(app.database, 5);
      await back;
      for (const socket of [ann, bob]) await told(socket, 'news', { n: 5 });
      assert.ok(ann.recovered);
      await cut(ann);
      await say('six');
      await told(ann, 'receive_message', ({ text }) => text === words('six'));
      for (const socket of [ann, bob]) assert.deepEqual(all(socket), [1, words('two'), 3, words('four'), 5, words('six')]);
    });
  }
}

for (const [ids, schema] of Object.entries({ cuids, serials })) {
  test(`what is committed while the gateway is killed comes to clients that come back, once, with ${ids}`, async (t) => {
    const port = { ...env, PORT: await freePort() };
    const { gateway, database } = await adopt(t, { schema, env: port });
    const ann = await enter(t, gateway, 'ann');
    await emit(database, 1);
    await told(ann, 'news', { n: 1 });
    for (const round of [2, 5]) {
      const running = round === 2 ? gateway : await adopt.again(t, { env: port, database });
      if (round === 5) {
        await until('ann to be back', () => ann.connected);
        await told(ann, 'news', { n: 4 });
        assert.ok(ann.recovered);
      }
      await running.kill();
      for (const n of [0, 1, 2]) await emit(database, round + n);
    }
    await adopt.again(t, { env: port, database });
    await told(ann, 'news', { n: 7 });
    assert.ok(ann.recovered, 'it goes on where it was');
    assert.ok((await ask(ann, 'send_message', { roomId: 'r1', text: words('after') })).ok);
    await told(ann, 'receive_message');
    assert.deepEqual(all(ann), [1, 2, 3, 4, 5, 6, 7, words('after')]);
  });
}

test('a kill between the commit and the telling loses nothing and doubles nothing', async (t) => {
  const port = { ...env, PORT: await freePort() };
  const { gateway, database } = await adopt(t, { schema: cuids, env: port });
  let running = gateway;
  const ann = await enter(t, running, 'ann');
  let sent = 0;
  for (let round = 0; round < 4; round++) {
    const end = sent + 20;
    const emitting = (async () => { while (sent < end) await emit(database, ++sent); })();
    await until('some to be told', () => numbers(ann).length > sent - 15 && sent > end - 15);
    await running.kill(); // somewhere among them
    await emitting;
    running = await adopt.again(t, { env: port, database });
    await until('ann to be back', () => ann.connected);
    assert.ok(ann.recovered);
    await told(ann, 'news', { n: end });
  }
  assert.deepEqual(numbers(ann), Array.from({ length: sent }, (_, i) => i + 1));
});

test('of two gateways each client hears it once, also one that goes from a killed one to the other', async (t) => {
  const { gateways: [one, two], database } = await adopt(t, { schema: cuids, env, gateways: 2 });
  const [ann, bob] = [await enter(t, one, 'ann'), await enter(t, two, 'bob')];
  for (let n = 1; n <= 20; n++) await emit(database, n);
  for (const socket of [ann, bob]) await told(socket, 'news', { n: 20 });
  ann.io.uri = two.url;
  await one.kill();
  for (let n = 21; n <= 40; n++) await emit(database, n);
  await until('ann to be back', () => ann.connected, 15_000);
  assert.ok(ann.recovered);
  for (let n = 41; n <= 50; n++) await emit(database, n);
  for (const socket of [ann, bob]) {
    await told(socket, 'news', { n: 50 });
    assert.deepEqual(numbers(socket), Array.from({ length: 50 }, (_, i) => i + 1));
  }
});

test('a database that crashed and is back tells what was committed', async (t) => {
  const postgres = await ownPostgres(t);
  const database = await createDatabase(t, { server: postgres.url });
  const gateway = await startGateway(t, env, { database });
  const ann = await enter(t, gateway, 'ann');
  database.pool.on('error', () => {});
  await emit(database, 1);
  await told(ann, 'news', { n: 1 });
  await postgres.crash();
  await postgres.start();
  await emit(database, 2);
  await told(ann, 'news', { n: 2 }, 15_000);
  await until('the store to be up', async () => (await ask(ann, 'send_message', { roomId: 'r1', text: words('up') })).ok, 15_000);
  await emit(database, 3);
  await told(ann, 'news', { n: 3 }, 15_000);
  assert.deepEqual(numbers(ann), [1, 2, 3]);
});

test('what can never be told is refused where it is said, in the words of what should be', async (t) => {
  const { gateway, database } = await adopt(t, { schema: cuids, env });
  const ann = await enter(t, gateway, 'ann');
  for (const [args, error] of [
    [['', 'news', '{}'], /the room should be a text of 1 to 256 bytes/],
    [[null, 'news', '{}'], /the room should be a text/],
    [['x'.repeat(257), 'news', '{}'], /the room should be a text/],
    [['r1', '', '{}'], /the event should be a name/],
    [['r1', 'disconnect', '{}'], /Socket.IO has not taken/],
    [['r1', 'news', null], /the payload is NULL/],
    [['r1', 'news', 'no JSON'], /invalid input syntax for type json/],
    [['r1', 'news', JSON.stringify('x'.repeat(256 << 10))], /the payload has 262146 bytes, 262144 are the most/],
  ]) await assert.rejects(database.query('SELECT socketgate.emit($1, $2, $3)', args), error);
  await emit(database, 1);
  await told(ann, 'news', { n: 1 });
  assert.equal(said(ann, 'news').length, 1);
});

test("the app's role needs no more than to call it, as socketgate schema grants", async (t) => {
  const { gateway, database } = await adopt(t, { schema: cuids, env });
  const ann = await enter(t, gateway, 'ann');
  const role = `app_${Date.now()}`;
  await database.query(`CREATE ROLE ${role} LOGIN`);
  later(t, () => database.query(`DROP OWNED BY ${role}; DROP ROLE ${role}`));
  const url = new URL(database.url);
  url.username = role;
  const app = new pg.Client({ connectionString: url.href });
  await app.connect();
  later(t, () => app.end());
  await assert.rejects(emit(app, 0), /permission denied for schema socketgate/);
  const { stdout } = await runGateway(['schema', '-role', new URL(database.url).username, '-app', role]);
  await database.query(stdout);
  await emit(app, 1);
  await told(ann, 'news', { n: 1 });
  await assert.rejects(app.query('SELECT * FROM socketgate.emits'), /permission denied/);
});

test('without SQL_EMIT nobody is told, and nothing is made', async (t) => {
  const { gateway, database } = await adopt(t, { schema: cuids });
  const ann = await enter(t, gateway, 'ann');
  await assert.rejects(emit(database, 1), /function socketgate.emit/);
  heardNothing(ann, 'news');
});
