// Several gateways on one Redis and one Postgres are one, for the unmodified official client.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { Emitter as RedisEmitter } from '@socket.io/redis-emitter';
import { Emitter as PostgresEmitter } from '@socket.io/postgres-emitter';
import pg from 'pg';
import { createClient } from 'redis';
import { createDatabase, decrypt } from './harness/database.js';
import { startGateway } from './harness/gateway.js';
import { ask, client, connected, hears, join, say, sees, words } from './harness/people.js';
import { startRedis, startRedisCluster, startSentinel } from './harness/redis.js';
import { later, test } from './harness/test.js';
import { event, until } from './harness/waiting.js';

const texts = (socket) => socket.messages.map(({ text }) => text);
const series = (name, n) => Array.from({ length: n }, (_, i) => `${name} ${i}`);

/** Starts gateways that are one, and what they share. */
async function startCluster(t, n, env = {}, start = startRedis) {
  const [redis, database] = [await start(t), await createDatabase(t)];
  const cluster = { redis, database, gateways: [] };
  cluster.add = async () => {
    const gateway = await startGateway(t, { REDIS_URL: redis.url, RATE_LIMIT: 0, ...env }, { database });
    cluster.gateways.push(gateway);
    return gateway;
  };
  for (let i = 0; i < n; i++) await cluster.add();
  return cluster;
}

/** Somebody who is in the lobby, and comes back by itself wherever `moveTo` has sent it last. */
async function member(t, gateway, as, options = {}) {
  const socket = client(t, gateway, { as, reconnect: true, ...options });
  socket.recoveries = [];
  socket.on('connect', () => socket.recoveries.push(socket.recovered));
  await connected(socket);
  await join(socket, 'lobby');
  return socket;
}

/** Has the client come back to another gateway, as a proxy would that has taken the old one out. */
function moveTo(socket, gateway) {
  socket.io.uri = gateway.url;
}

async function drop(socket) {
  const gone = event(socket, 'disconnect');
  socket.io.engine.close();
  await gone;
}

async function comesBack(socket, times) {
  await until('the connection', () => socket.connected && socket.recoveries.length >= times, 15_000);
  return socket.recoveries.at(-1);
}

test('what is said at one gateway is heard at all, in one order, which is that of the table', async (t) => {
  const { gateways, database } = await startCluster(t, 3);
  const people = [];
  for (const [i, gateway] of gateways.entries()) people.push(await member(t, gateway, `person-${i}`));
  await Promise.all(people.map(async (socket, i) => {
    for (const text of series(`by ${i}`, 30)) await say(socket, 'lobby', text);
  }));
  await until('all messages everywhere', () => people.every((socket) => socket.messages.length >= 90), 10_000);
  const rows = (await database.messages()).map((row) => row.id);
  for (const socket of people) assert.deepEqual(socket.messages.map(({ id }) => id), rows);
});

test('lists name the members of all gateways, and lose those of one that is killed within 5 s', async (t) => {
  const { gateways } = await startCluster(t, 3);
  const [ann, bob, carl] = [await member(t, gateways[0], 'ann'), await member(t, gateways[1], 'bob'), await member(t, gateways[2], 'carl')];
  for (const socket of [ann, bob, carl]) await sees(socket, ['ann', 'bob', 'carl']);
  carl.io.reconnection(false);
  await gateways[2].kill();
  for (const socket of [ann, bob]) await sees(socket, ['ann', 'bob'], 5_000);
});

for (const [name, start] of [['', startRedis], [', on a Redis Cluster', startRedisCluster], [', behind Sentinel', startSentinel]]) {
  test(`kill -9: members come back at other gateways, in their rooms, and miss nothing${name}`, (t) => killOne(t, start));
}

async function killOne(t, start) {
  const { gateways: [first, second, third] } = await startCluster(t, 3, {}, start);
  const [ann, bob, carl] = [await member(t, first, 'ann'), await member(t, first, 'bob'), await member(t, third, 'carl')];
  await say(carl, 'lobby', 'before');
  await hears(ann, 'before');
  const sid = ann.id;
  moveTo(ann, second);
  moveTo(bob, third);
  await first.kill();
  for (const text of series('meanwhile', 20)) await say(carl, 'lobby', text);
  for (const socket of [ann, bob]) assert.equal(await comesBack(socket, 2), true, 'recovered');
  assert.equal(ann.id, sid);
  await say(bob, 'lobby', 'after');
  const all = ['before', ...series('meanwhile', 20), 'after'].map(words);
  for (const socket of [ann, bob, carl]) {
    await hears(socket, 'after');
    assert.deepEqual(texts(socket), all);
    await sees(socket, ['ann', 'bob', 'carl']);
  }
}

test('who goes from one gateway to the other and back takes the latest session along', async (t) => {
  const { gateways: [first, second] } = await startCluster(t, 2);
  const [ann, bob] = [await member(t, first, 'ann'), await member(t, second, 'bob')];
  moveTo(ann, second);
  await drop(ann);
  assert.equal(await comesBack(ann, 2), true);
  await join(ann, 'only there');
  moveTo(ann, first);
  await drop(ann);
  assert.equal(await comesBack(ann, 3), true, 'the session of the other gateway');
  await join(bob, 'only there');
  await say(bob, 'only there', 'to both');
  await hears(ann, 'to both');
});

test('a gateway that stood still closes who has come back elsewhere meanwhile', async (t) => {
  const { gateways: [first, second] } = await startCluster(t, 2);
  const [ann, bob] = [await member(t, first, 'ann'), await member(t, second, 'bob')];
  first.signal('SIGSTOP');
  try {
    moveTo(ann, second);
    ann.io.engine.transport.ws?._socket?.destroy?.(); // nobody answers a close
    if (ann.connected) ann.io.engine.close();
    assert.equal(await comesBack(ann, 2), true);
    await say(bob, 'lobby', 'while it stood still');
    await hears(ann, 'while it stood still');
  } finally {
    first.signal('SIGCONT');
  }
  await say(bob, 'lobby', 'then');
  await hears(ann, 'then');
  assert.deepEqual(texts(ann), ['while it stood still', 'then'].map(words));
  assert.equal(ann.recoveries.length, 2, 'it stays where it is');
});

test('a gateway that stood still does not store what its client has sent again elsewhere, with an id or without', async (t) => {
  const { gateways: [first, second], database } = await startCluster(t, 2);
  for (const [name, id] of [['ann', {}], ['bob', { tempId: 'an id' }]]) {
    const [one, other] = [await member(t, first, name), await member(t, second, `other than ${name}`)];
    const message = { roomId: 'lobby', text: words(`of ${name}`), ...id };
    await say(one, 'lobby', `before ${name}`);
    first.signal('SIGSTOP');
    try {
      one.emit('send_message', message, () => {}); // the kernel has it
      await pause(1_200); // longer than what counts as standing still
      moveTo(one, second);
      one.io.engine.transport.ws?._socket?.destroy?.();
      if (one.connected) one.io.engine.close();
      assert.equal(await comesBack(one, 2), true);
      assert.equal((await ask(one, 'send_message', message)).ok, true);
    } finally {
      first.signal('SIGCONT');
    }
    await say(other, 'lobby', `then, to ${name}`);
    await hears(one, `then, to ${name}`);
    await say(await member(t, first, `later than ${name}`), 'lobby', `last to ${name}`); // the first gateway has read what came before
    await hears(one, `last to ${name}`);
    const rows = (await database.messages()).filter(({ text }) => decrypt(text) === message.text);
    assert.equal(rows.length, 1, `${name}'s message is stored ${rows.length} times`);
    assert.equal(texts(one).filter((text) => text === message.text).length, 1, 'heard');
  }
});

test('Redis gone: messages still cross within a second or two, and all is well when it is back', async (t) => {
  const { redis, gateways: [first, second] } = await startCluster(t, 2);
  const [ann, bob] = [await member(t, first, 'ann'), await member(t, second, 'bob')];
  await redis.kill();
  await say(bob, 'lobby', 'without Redis');
  await hears(ann, 'without Redis', 4_000);
  await redis.start();
  await say(bob, 'lobby', 'with an empty one');
  await hears(ann, 'with an empty one', 4_000);
  moveTo(ann, second);
  await until('sessions written anew', () => second.entries().some(({ msg }) => msg.includes('saved from now on') || msg.includes('were lost')), 15_000);
  await until('sessions written anew', () => first.entries().some(({ msg }) => msg.includes('saved from now on') || msg.includes('were lost')), 15_000);
  assert.deepEqual(texts(ann), ['without Redis', 'with an empty one'].map(words));
});

test('a rolling restart loses nobody and nothing', async (t) => {
  const cluster = await startCluster(t, 2);
  const people = [];
  for (let i = 0; i < 10; i++) people.push(await member(t, cluster.gateways[i % 2], `person-${i}`));
  const speaker = await member(t, cluster.gateways[0], 'speaker');
  let said = 0;
  let speaking = true;
  const talk = (async () => {
    while (speaking) {
      const ack = await ask(speaker, 'send_message', { roomId: 'lobby', text: words(`message ${said}`), tempId: `id-${said}` }).catch(() => undefined);
      if (ack?.ok) said++;
    }
  })();
  for (const old of [...cluster.gateways]) {
    const fresh = await cluster.add();
    const other = cluster.gateways.find((gateway) => gateway !== old && gateway.running);
    for (const [i, socket] of [...people, speaker].entries()) {
      if (socket.io.uri === old.url) moveTo(socket, i % 2 ? fresh : other);
    }
    await old.stop();
    await until('everybody back', () => [...people, speaker].every((socket) => socket.connected), 10_000);
  }
  speaking = false;
  await talk;
  const wanted = Array.from({ length: said }, (_, i) => words(`message ${i}`));
  for (const socket of people) {
    await hears(socket, `message ${said - 1}`);
    assert.deepEqual(texts(socket), wanted);
    assert.ok(socket.recoveries.slice(1).every(Boolean), `recovered: ${socket.recoveries}`);
  }
});

test('the web app speaks to rooms of all gateways: by the Redis emitter, by a stream, and by Postgres once it has committed', async (t) => {
  const { gateways, database, redis } = await startCluster(t, 2, { POSTGRES_EMITTER: 'true', REDIS_STREAM: 'socket.io' });
  const people = [await member(t, gateways[0], 'ann'), await member(t, gateways[1], 'bob')];
  const said = people.map((socket) => {
    const heard = [];
    socket.on('notice', (text) => heard.push(text));
    return heard;
  });
  const everywhere = (text) => until(text, () => said.every((heard) => heard.includes(text)));
  const connection = await createClient({ url: redis.url }).connect();
  later(t, () => connection.close());
  new RedisEmitter(connection).to('lobby').emit('notice', 'by redis');
  await everywhere('by redis');
  const entry = { uid: 'emitter', nsp: '/', type: '3', data: JSON.stringify({ packet: { type: 2, data: ['notice', 'by stream'], nsp: '/' }, opts: { rooms: ['lobby'], except: [], flags: {} } }) };
  await connection.xAdd('socket.io', '*', entry);
  await everywhere('by stream');
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  later(t, () => client.end());
  const emitter = new PostgresEmitter(client);
  for (const [text, end] of [['undone', 'ROLLBACK'], ['done', 'COMMIT']]) {
    await client.query('BEGIN');
    await emitter.to('lobby').emit('notice', text);
    await client.query(end);
  }
  await everywhere('done');
  for (const heard of said) assert.deepEqual(heard, ['by redis', 'by stream', 'done']);
});
