// An app whose chat is in a namespace of its own, as many tutorials have it.
//
//   const chat = io.of("/chat"); chat.on("connection", (socket) => { socket.join(`user:${socket.userId}`); … chat.to(roomId).emit("receive_message", message) });
import assert from 'node:assert/strict';
import pg from 'pg';
import { Emitter as PostgresEmitter } from '@socket.io/postgres-emitter';
import { Emitter } from '@socket.io/redis-emitter';
import { createClient } from 'redis';
import { adopt, heardNothing, said, told, visit } from '../harness/apps.js';
import { check } from '../harness/check.js';
import { ask, client, person, refusal, token, words } from '../harness/people.js';
import { freePort } from '../harness/ports.js';
import { startRedis } from '../harness/redis.js';
import { later, test } from '../harness/test.js';
import { event, until } from '../harness/waiting.js';

const schema = `CREATE TABLE "Message" ("id" TEXT PRIMARY KEY, "text" TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP);
  CREATE TABLE socket_io_attachments (id bigserial UNIQUE, created_at timestamptz DEFAULT NOW(), payload bytea)`;
const env = { NAMESPACE: '/chat', PERSONAL_ROOM: 'user:$user', ONLINE_EVENT: 'onlineUsers', POSTGRES_EMITTER: 'true' };

/** Where clients of the namespace connect to: io(url + "/chat"). */
const chatOf = (gateway) => ({ url: `${gateway.url}/chat` });
const is = (text) => (message) => message.text === words(text);
const join = (socket) => ask(socket, 'join_room', 'r1').then((ack) => assert.ok(ack.ok));
const send = (socket, text) => ask(socket, 'send_message', { roomId: 'r1', text: words(text) }).then((ack) => assert.ok(ack.ok, JSON.stringify(ack)));

test('two talk in the namespace on two gateways, lists and routes reach them there, and nobody is anywhere else', async (t) => {
  const redis = await startRedis(t);
  const all = await adopt(t, { schema, env: { ...env, REDIS_URL: redis.url }, gateways: 1 });
  const other = await adopt.again(t, { env: { ...env, REDIS_URL: redis.url }, database: all.database });
  const [ann, phone, bob, eve] = await Promise.all(['ann', 'ann', 'bob', 'eve'].map((as, i) => visit(t, chatOf(i % 2 ? other : all.gateway), as)));
  await join(ann);
  await join(bob);
  await told(ann, 'room_members', (list) => list.length === 2);
  await told(bob, 'onlineUsers', (list) => list.length === 3);
  await send(ann, 'hi');
  await told(bob, 'receive_message', is('hi'));
  heardNothing(eve, 'receive_message');
  assert.equal((await ask(eve, 'join_room', 'user:id-of-ann')).code, 'forbidden');

  const route = await createClient({ url: redis.url }).connect();
  later(t, () => route.destroy());
  new Emitter(route).to('user:id-of-ann').emit('notification', { at: 'root' }); // nobody is there
  new Emitter(route).of('/chat').to('user:id-of-ann').emit('notification', { by: 'redis' });
  const pool = new pg.Pool({ connectionString: all.database.url });
  later(t, () => pool.end());
  for (const socket of [ann, phone]) await told(socket, 'notification', { by: 'redis' });
  new PostgresEmitter(pool).of('/chat').to('user:id-of-ann').emit('notification', { by: 'postgres' });
  for (const socket of [ann, phone]) {
    await told(socket, 'notification', { by: 'postgres' });
    assert.deepEqual(said(socket, 'notification').map(([told]) => told.by).sort(), ['postgres', 'redis']);
  }
  heardNothing(bob, 'notification');

  for (const url of [all.gateway.url, `${all.gateway.url}/news`]) assert.equal((await refusal(client(t, { url }, { as: 'ann' }))).message, 'Invalid namespace');
  assert.equal((await refusal(client(t, chatOf(all.gateway)))).message, 'Authentication error');
  const database = { DATABASE_URL: all.database.url, MESSAGE_CIPHER: 'plaintext', MESSAGE_ENCRYPTION_KEY: undefined };
  const { steps } = await check({ ...env, ...database }, '--quick', '--url', all.gateway.url, '--token', token(person('ann')));
  assert.equal(steps.find(({ step }) => step === 'cookie')?.outcome, 'ok', JSON.stringify(steps)); // it gets in where the chat is
});

for (const gateways of [1, 2]) {
  test(`what was missed in the namespace while a gateway was killed comes there, with ${gateways}`, async (t) => {
    const redis = gateways > 1 ? { REDIS_URL: (await startRedis(t)).url } : {};
    const port = { PORT: await freePort() };
    const { gateway, database } = await adopt(t, { schema, env: { ...env, ...redis, ...port } });
    const other = gateways > 1 ? await adopt.again(t, { env: { ...env, ...redis }, database }) : gateway;
    const ann = await visit(t, chatOf(other), 'ann', { reconnect: true });
    const bob = await visit(t, chatOf(gateway), 'bob', { reconnect: true });
    await join(ann);
    await join(bob);
    await send(ann, 'one');
    await told(bob, 'receive_message', is('one'));
    const back = event(bob, 'connect', 20_000);
    await gateway.kill();
    if (gateways > 1) await send(ann, 'meanwhile');
    await adopt.again(t, { env: { ...env, ...redis, ...port }, database });
    await until('ann to be back', () => ann.connected, 20_000);
    await send(ann, 'two');
    await back;
    assert.ok(bob.recovered);
    await told(bob, 'receive_message', is('two'), 20_000);
    assert.deepEqual(said(bob, 'receive_message').map(([message]) => message.text), ['one', ...(gateways > 1 ? ['meanwhile'] : []), 'two'].map(words));
  });
}
