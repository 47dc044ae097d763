// A Go server made of pkg/redisadapter is a member among official servers, with either wire and either client of Redis: what one
// says the others hear, both ways.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createAdapter, createShardedAdapter } from '@socket.io/redis-adapter';
import { Emitter } from '@socket.io/redis-emitter';
import { createAdapter as createStreamsAdapter } from '@socket.io/redis-streams-adapter';
import { Redis } from 'ioredis';
import { createClient } from 'redis';
import { goServer, join, officialServer } from './harness/cluster.js';
import { startRedis } from './harness/redis.js';
import { later, test } from './harness/test.js';
import { until } from './harness/waiting.js';

async function nodeRedis(t, redis) {
  const client = createClient({ url: redis.url });
  client.on('error', () => {});
  await client.connect();
  later(t, () => client.close()); // after what the adapter has still to say
  return client;
}

function ioRedis(t, redis) {
  const client = new Redis(redis.url);
  client.on('error', () => {});
  later(t, () => client.quit());
  return client;
}

const wires = {
  'classic, redis': { env: { REDIS_ADAPTER: 'classic' }, adapter: async (t, redis) => createAdapter(await nodeRedis(t, redis), await nodeRedis(t, redis)) },
  'classic, ioredis': { env: { REDIS_ADAPTER: 'classic' }, adapter: async (t, redis) => createAdapter(ioRedis(t, redis), ioRedis(t, redis), { publishOnSpecificResponseChannel: true }) },
  'sharded, redis': { env: { REDIS_ADAPTER: 'sharded' }, adapter: async (t, redis) => createShardedAdapter(await nodeRedis(t, redis), await nodeRedis(t, redis)) },
  'sharded-static, ioredis': { env: { REDIS_ADAPTER: 'sharded-static' }, adapter: async (t, redis) => createShardedAdapter(ioRedis(t, redis), ioRedis(t, redis), { subscriptionMode: 'static' }) },
};

/** A Go server and an official one, and a client of each in the rooms "both" and its own, "go" or "node". */
async function cluster(t, { env, adapter }) {
  const redis = await startRedis(t);
  const node = await officialServer(t, await adapter(t, redis));
  const go = await goServer(t, redis, env);
  const here = await join(t, go, 'go client', '/', 'both', 'go');
  const there = await join(t, node, 'node client', '/', 'both', 'node');
  await until('the official server to hear', async () => { // it does not say when it has subscribed
    await here.order('emit', { event: 'ping', rooms: ['node'] });
    await here.order('emit', { event: 'ping', rooms: ['both'] });
    return there.heard.length > 3;
  });
  node.io.emit('start');
  await here.order('emit', { event: 'end of start', rooms: ['both'] }); // behind the last ping
  await until('the start', () => [here, there].every(({ heard }) => heard.includes('["start"]') && heard.includes('["end of start"]')));
  here.heard.length = there.heard.length = 0;
  return { redis, node, go, here, there };
}

for (const [name, wire] of Object.entries(wires)) {
  test(`broadcasts with every operator, both ways (${name})`, async (t) => {
    const { node, here, there } = await cluster(t, wire);
    const odd = [1, 'é😀\u2028', null, true, -5, 1.5, 2 ** 40, { a: [{}], b: '<&>' }];
    node.io.emit('all', ...odd);
    node.io.to('both').to('go').except('node').emit('except', {});
    node.io.to(here.id).emit('private');
    node.io.to('node').emit('not here');
    node.io.emit('bytes', { file: Buffer.from([1, 2]) }, Buffer.from([]));
    node.io.emit('end');
    const bytes = '["bytes",{"file":{"type":"Buffer","data":[1,2]}},{"type":"Buffer","data":[]}]';
    await here.hears(JSON.stringify(['all', ...odd]), '["except",{}]', '["private"]', bytes, '["end"]');
    await there.hears(JSON.stringify(['all', ...odd]), '["not here"]', bytes, '["end"]');

    await here.order('emit', { event: 'all', args: odd });
    await here.order('emit', { event: 'except', rooms: ['both', 'node'], except: ['go'] });
    await here.order('emit', { event: 'private', rooms: [there.id] });
    await here.order('emit', { event: 'not there', rooms: ['go'] });
    await here.order('emit', { event: 'bytes' }, { file: Buffer.from([1, 2]) }, Buffer.from([]));
    await here.order('emit', { event: 'end' });
    await there.hears(JSON.stringify(['all', ...odd]), '["except"]', '["private"]', bytes, '["end"]');
    await here.hears(JSON.stringify(['all', ...odd]), '["not there"]', bytes, '["end"]');

    const everywhere = (what, send, ...clients) => until(what, async () => { // who is being written to just then may miss one
      await send();
      return clients.every(({ heard }) => heard.includes(what));
    });
    await everywhere('["volatile",[]]', () => node.io.volatile.to('both').emit('volatile', []), here, there);
    await everywhere('["volatile"]', () => here.order('emit', { event: 'volatile', rooms: ['node'], volatile: true }), there);
    assert.ok(!here.heard.includes('["volatile"]'));
  });

  test(`who is where, both ways (${name})`, async (t) => {
    const { node, here, there } = await cluster(t, wire);
    const seen = async (sockets) => (await sockets).map((s) => `${s.id} ${[...s.rooms].slice(1)} ${s.data.from} ${s.handshake.query.transport} ${typeof s.handshake.headers.host}`).sort();
    const all = [`${here.id} both,go go websocket string`, `${there.id} both,node node websocket string`].sort();
    assert.deepEqual(await seen(node.io.in('both').fetchSockets()), all);
    assert.deepEqual(await seen(here.order('sockets', { rooms: ['both'] })), all);
    const rooms = ['both', 'go', 'node', here.id, there.id].sort();
    assert.deepEqual((await here.order('rooms')).sort(), rooms);
    if (name.startsWith('classic')) assert.deepEqual([...await node.io.of('/').adapter.allRooms()].sort(), rooms);
  });

  test(`acks of clients and of servers, both ways (${name})`, async (t) => {
    const { node, here, there } = await cluster(t, wire);
    const acks = ['go client acks', 'node client acks'];
    assert.deepEqual((await node.io.to('both').timeout(5_000).emitWithAck('question', 1)).sort(), acks);
    assert.deepEqual((await here.order('ask', { rooms: ['both'], event: 'question', args: [1], within: 5_000 })).sort(), acks);
    await here.hears('["question",1]', '["question",1]');
    await there.hears('["question",1]', '["question",1]');

    node.io.on('hello', (...args) => {
      const ack = typeof args.at(-1) === 'function' ? args.pop() : undefined;
      there.heard.push(JSON.stringify(['hello', ...args]));
      ack?.('node heard');
    });
    node.io.serverSideEmit('hello', 1, { a: [] });
    assert.deepEqual(await node.io.serverSideEmitWithAck('hello', 2), ['go heard']);
    await here.hears('["server event","hello",[1,{"a":[]}]]', '["server event","hello",[2]]');
    await here.order('server', { event: 'hello', args: [3] });
    assert.deepEqual(await here.order('ask servers', { event: 'hello', args: [4] }), ['node heard']);
    await there.hears('["hello",3]', '["hello",4]');
  });

  test(`joins, leaves and disconnects, both ways (${name})`, async (t) => {
    const { node, here, there } = await cluster(t, wire);
    const rooms = async (client) => (await node.io.fetchSockets()).find((s) => s.id === client.id)?.rooms ?? new Set();
    for (const client of [here, there]) {
      node.io.in(client.id).socketsJoin(['by node', 'gone']);
      await here.order('join', { rooms: [client.id], to: ['by go', 'gone'] });
      await until('the rooms', async () => ['by node', 'by go', 'gone'].every((room) => client.joined?.has(room)) || (client.joined = await rooms(client), false));
      if (client === here) node.io.in(client.id).socketsLeave('gone');
      else await here.order('leave', { rooms: [client.id], to: ['gone'] });
      await until('the room to be left', async () => !(await rooms(client)).has('gone'));
    }
    const other = await join(t, node, 'another');
    await here.order('disconnect', { rooms: [there.id] });
    await until('the node client to be gone', () => !there.connected);
    node.io.in(here.id).disconnectSockets();
    await until('the go client to be gone', () => !here.connected);
    assert.equal(other.connected, true);
  });

  test(`namespaces, those that clients make too (${name})`, async (t) => {
    const { node, go } = await cluster(t, wire);
    for (const namespace of ['/chat', '/dyn-1']) {
      const here = await join(t, go, 'go client', namespace);
      const there = await join(t, node, 'node client', namespace);
      await until('both to hear each other', async () => {
        await here.order('emit', { event: 'from go' });
        node.io.of(namespace).emit('from node');
        return there.heard.includes('["from go"]') && here.heard.includes('["from node"]');
      });
    }
  });
}

test('@socket.io/redis-emitter is heard', async (t) => {
  const { redis, here, there } = await cluster(t, wires['classic, redis']);
  const emitter = new Emitter(await nodeRedis(t, redis));
  emitter.emit('all', 1, Buffer.from([7]));
  emitter.to('go').emit('room');
  emitter.to('both').except('go').emit('not here');
  emitter.in(here.id).socketsJoin('new');
  emitter.to('new').emit('joined');
  emitter.in('new').socketsLeave('new');
  emitter.to('new').emit('left');
  emitter.emit('end');
  const all = '["all",1,{"type":"Buffer","data":[7]}]';
  await here.hears(all, '["room"]', '["joined"]', '["end"]');
  await there.hears(all, '["not here"]', '["end"]');
  emitter.serverSideEmit('hello', 'servers');
  await here.hears('["server event","hello",["servers"]]');
  emitter.in('go').disconnectSockets();
  await until('the go client to be gone', () => !here.connected);
});

test('what is added to the stream of @socket.io/redis-streams-adapter is heard', async (t) => {
  const redis = await startRedis(t);
  const go = await goServer(t, redis, { REDIS_ADAPTER: 'classic', STREAM: 'socket.io' });
  const here = await join(t, go, 'go client', '/', 'room');
  const publisher = await nodeRedis(t, redis);
  const { io } = await officialServer(t, createStreamsAdapter(publisher, { heartbeatInterval: 1_000 }));
  await until('the stream to be read', () => { io.emit('start'); return here.heard.length > 0; });
  io.emit('end of start');
  await until('the end of the start', () => here.heard.includes('["end of start"]'));
  here.heard.length = 0;
  io.emit('all', 1, { a: [] });
  io.to('room').emit('bytes', Buffer.from([1, 2]));
  io.to('none').emit('not here');
  io.in('room').socketsJoin('new');
  io.to('new').except('none').emit('joined');
  io.in('new').socketsLeave('new');
  io.to('new').emit('left');
  // The emitter's entries, whose package is not in the registry.
  const add = (type, data) => publisher.xAdd('socket.io', '*', { uid: 'emitter', nsp: '/', type: String(type), data: JSON.stringify(data) });
  await add(3, { packet: { type: 2, data: ['by emitter'], nsp: '/' }, opts: { rooms: ['room'], flags: {}, except: [] } });
  await here.hears('["all",1,{"a":[]}]', '["bytes",{"type":"Buffer","data":[1,2]}]', '["joined"]', '["by emitter"]');
  await add(9, { packet: ['hello', 1] });
  await here.hears('["server event","hello",[1]]');
  io.in('room').disconnectSockets();
  await until('the client to be gone', () => !here.connected);
});

test('a server that stands still is named, and what the others say is not lost', async (t) => {
  const { redis, go, here } = await cluster(t, wires['classic, redis']);
  const second = await goServer(t, redis, { REDIS_ADAPTER: 'classic' });
  await join(t, second, 'second', '/', 'both');
  assert.equal((await here.order('sockets', { rooms: ['both'] })).length, 3);
  second.process.kill('SIGSTOP');
  later(t, () => second.process.kill('SIGCONT'));
  const threads = `/proc/${second.process.pid}/task`;
  await until('its threads to stand still', () => readdirSync(threads).every((id) => readFileSync(`${threads}/${id}/stat`, 'utf8').includes(') T ')));
  await assert.rejects(here.order('sockets', { rooms: ['both'] }), (failure) => {
    assert.equal(failure.answer.length, 2);
    assert.match(failure.message, /1 of 2 other servers have not answered \([\w-]{6}\)/);
    return true;
  });
});
