// @socket.io/postgres-emitter is heard by a Go server that uses pkg/postgresemitter, and an emit is a part of the transaction.
import assert from 'node:assert/strict';
import { Emitter } from '@socket.io/postgres-emitter';
import pg from 'pg';
import { goServer, join } from './harness/cluster.js';
import { ownPostgres } from './harness/postgres.js';
import { startRedis } from './harness/redis.js';
import { later, test } from './harness/test.js';
import { until } from './harness/waiting.js';

async function start(t) {
  const [postgres, redis] = [await ownPostgres(t), await startRedis(t)];
  const pool = new pg.Pool({ connectionString: postgres.url });
  pool.on('error', () => {});
  later(t, () => pool.end());
  await pool.query('CREATE TABLE socket_io_attachments (id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea)');
  const go = await goServer(t, redis, { DATABASE_URL: postgres.url });
  return { postgres, pool, emitter: new Emitter(pool), go, here: await join(t, go, 'member', '/', 'room') };
}

test('events of the emitter are heard, those with attachments and large ones too', async (t) => {
  const { pool, emitter, go, here } = await start(t);
  const chat = await join(t, go, 'chat member', '/chat');
  const large = 'é'.repeat(5_000);
  // The emitter tells nobody when it is done, and sends over several connections: only what was heard is over.
  emitter.emit('all', 1, { a: [null] });
  await here.hears('["all",1,{"a":[null]}]');
  emitter.to('room').emit('bytes', { file: Buffer.from([1, 2]) });
  await here.hears('["bytes",{"file":{"type":"Buffer","data":[1,2]}}]');
  emitter.to('room').except('room').emit('not here');
  emitter.emit('large', large);
  await here.hears(JSON.stringify(['large', large]));
  emitter.in('room').socketsJoin('new');
  await until('the room', async () => (await here.order('rooms')).includes('new'));
  emitter.to('new').emit('joined');
  await here.hears('["joined"]');
  emitter.in('room').socketsLeave('new');
  await until('the room to be left', async () => !(await here.order('rooms')).includes('new'));
  emitter.to('new').emit('left');
  emitter.serverSideEmit('hello', 1);
  await here.hears('["server event","hello",[1]]');
  new Emitter(pool, '/chat').emit('hi');
  await chat.hears('["hi"]');
  for (const hostile of ['', '{', '{}', '[]', '{"type":3}', '{"attachmentId":"7777"}', '{"attachmentId":"x"}', '{"type":5,"data":{"rooms":["room"]}}']) {
    await pool.query('SELECT pg_notify($1, $2)', ['socket.io#/', hostile]);
  }
  emitter.emit('still here');
  await until('the last event', () => here.heard.includes('["still here"]'));
  assert.equal(here.heard.filter((event) => event === '["unreadable"]').length, 7, here.heard.join()); // {} is only nothing that we know
  emitter.in('room').disconnectSockets();
  await until('the member to be gone', () => !here.connected);
});

test('an emit is a part of the transaction', async (t) => {
  const { pool, here } = await start(t);
  const client = await pool.connect();
  later(t, () => client.release());
  const emitter = new Emitter(client);
  await client.query('BEGIN');
  await emitter.emit('rolled back');
  await client.query('ROLLBACK');
  await client.query('BEGIN');
  await emitter.emit('committed', Buffer.from([1]));
  await new Emitter(pool).emit('meanwhile');
  await here.hears('["meanwhile"]');
  await client.query('COMMIT');
  await here.hears('["committed",{"type":"Buffer","data":[1]}]');
});

test('a database that crashed is listened to again', async (t) => {
  const { postgres, emitter, here } = await start(t);
  await postgres.crash();
  await postgres.start();
  await until('the channel', () => here.heard.includes('["listening again"]'), 15_000);
  here.heard.length = 0;
  emitter.emit('again');
  await here.hears('["again"]');
});
