// Clients that lose their connection get what they missed, once and in order, by the unmodified official client.
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { createDatabase } from './harness/database.js';
import { startGateway } from './harness/gateway.js';
import { ask, client, connect, connected, hears, join, person, say, sees, token, words } from './harness/people.js';
import { freePort } from './harness/ports.js';
import { ownPostgres } from './harness/postgres.js';
import { MESSAGE_TABLE, createFile } from './harness/sqlite.js';
import { later, test } from './harness/test.js';
import { event, until } from './harness/waiting.js';

const texts = (socket) => socket.messages.map(({ text }) => text);
const series = (name, n) => Array.from({ length: n }, (_, i) => `${name} ${i}`);

/** Somebody in a room, who joins once and trusts `recovered`, and is told of each connection by `socket.recoveries`. */
async function member(t, gateway, as, room = 'lobby', options = {}) {
  const socket = client(t, gateway, { as, reconnect: true, ...options });
  socket.recoveries = [];
  socket.on('connect', () => socket.recoveries.push(socket.recovered));
  await connected(socket);
  if (room) await join(socket, room);
  return socket;
}

/** Ends the connection as a network does that goes away. It comes back by itself unless it is held. */
async function drop(socket, { hold = false } = {}) {
  socket.io.reconnection(!hold);
  const gone = event(socket, 'disconnect');
  socket.io.engine.close();
  await gone;
}

/** Waits until it is back. Who comes back by itself may be about to: connect() then would send a second CONNECT, which ends a connection. */
async function comesBack(socket) {
  if (!socket.io.reconnection()) {
    socket.io.reconnection(true);
    socket.connect();
  }
  await until('the connection', () => socket.connected, 15_000);
  return socket.recoveries.at(-1);
}

const sayAll = async (socket, room, all) => {
  for (const text of all) await say(socket, room, text);
};

for (const transports of [['websocket'], ['polling', 'websocket']]) {
  test(`what is said while the network is gone arrives once, in order: ${transports}`, async (t) => {
    const gateway = await startGateway(t);
    const [ann, bob] = [await member(t, gateway, 'ann', 'lobby', { transports }), await member(t, gateway, 'bob')];
    await say(bob, 'lobby', 'before');
    await hears(ann, 'before');
    const sid = ann.id;
    for (const round of ['first', 'second']) {
      await drop(ann, { hold: true });
      await sees(bob, ['bob']);
      await sayAll(bob, 'lobby', series(round, 10));
      assert.equal(await comesBack(ann), true);
      assert.equal(ann.id, sid);
      await sees(bob, ['ann', 'bob']); // she is a member again
      await sees(ann, ['ann', 'bob']);
      await say(ann, 'lobby', `${round} over`); // in her room, without another join
    }
    await hears(bob, 'second over');
    await hears(ann, 'second over');
    assert.deepEqual(texts(ann), ['before', ...series('first', 10), 'first over', ...series('second', 10), 'second over'].map(words));
    assert.deepEqual(texts(ann), texts(bob));
    assert.deepEqual(ann.errors, []);
  });
}

test('a page that joins at each connect is told nothing twice, and its first sends come through', async (t) => {
  const gateway = await startGateway(t);
  const bob = await member(t, gateway, 'bob');
  const ann = client(t, gateway, { as: 'ann', reconnect: true });
  ann.recoveries = [];
  const joins = [];
  ann.on('connect', () => {
    ann.recoveries.push(ann.recovered);
    ann.emit('join_room', 'lobby', (ack) => joins.push(ack.ok && ack.members.length));
  });
  await until('the join', () => joins.length === 1);
  await say(bob, 'lobby', 'before');
  await hears(ann, 'before');
  await drop(ann, { hold: true });
  await sayAll(bob, 'lobby', series('missed', 5));
  const ack = ask(ann, 'send_message', { roomId: 'lobby', text: words('written meanwhile') });
  assert.equal(await comesBack(ann), true);
  assert.ok((await ack).ok);
  await until('the second join', () => joins.length === 2);
  await say(bob, 'lobby', 'after');
  for (const socket of [ann, bob]) await hears(socket, 'after');
  assert.deepEqual(texts(ann), texts(bob));
  assert.deepEqual(joins, [2, 2]);
});

const databases = {
  Postgres: async (t) => {
    const database = await createDatabase(t);
    return { DATABASE_URL: database.url };
  },
  SQLite: async (t) => {
    const folder = await mkdtemp(path(tmpdir(), 'sqlite-'));
    later(t, () => rm(folder, { recursive: true, force: true }));
    await createFile(path(folder, 'dev.db'), MESSAGE_TABLE);
    return { DATABASE_URL: `file:${path(folder, 'dev.db')}` };
  },
};

/** Waits until the gateway has saved the sessions of its clients. */
async function saved(env, clients = 2) {
  await until('the sessions to be saved', async () => {
    const page = await (await fetch(`http://${env.ADMIN_ADDR}/metrics`)).text();
    return Number(page.match(/^socketgate_sessions_saved_total (\d+)/m)?.[1] ?? 0) >= clients;
  });
}

for (const [name, make] of Object.entries(databases)) {
  for (const end of ['kill', 'stop']) {
    test(`${end === 'kill' ? 'kill -9' : 'a restart'} of the gateway on ${name}: what was stored is heard, by who was away too`, async (t) => {
      const env = { ...await make(t), PORT: await freePort(), ADMIN_ADDR: `127.0.0.1:${await freePort()}` };
      let gateway = await startGateway(t, env);
      const [ann, bob] = [await member(t, gateway, 'ann'), await member(t, gateway, 'bob')];
      await say(bob, 'lobby', 'before');
      await hears(ann, 'before');
      await saved(env);
      await drop(ann, { hold: true });
      await sayAll(bob, 'lobby', series('missed', 10));
      const { id } = bob;
      const gone = event(bob, 'disconnect');
      await gateway[end]();
      await gone;
      gateway = await startGateway(t, env);
      assert.equal(await comesBack(bob), true);
      assert.equal(bob.id, id);
      await say(bob, 'lobby', 'after the restart');
      assert.equal(await comesBack(ann), true);
      await hears(ann, 'after the restart');
      assert.deepEqual(texts(ann), ['before', ...series('missed', 10), 'after the restart'].map(words));
      assert.deepEqual(texts(bob), texts(ann));
      assert.deepEqual(ann.messages.map(({ id, createdAt, userId, roomId, user }) => ({ id, createdAt, userId, roomId, user })),
        bob.messages.map(({ id, createdAt, userId, roomId, user }) => ({ id, createdAt, userId, roomId, user })), 'read again as it was told');
      await say(ann, 'lobby', 'and on');
      for (const socket of [ann, bob]) await hears(socket, 'and on');
      await sees(bob, ['ann', 'bob']);
    }, { timeout: 60_000 });
  }
}

test('who changes rooms while Postgres is down begins anew, and nobody else is forgotten, though it crashed and the gateway is killed', async (t) => {
  const server = await ownPostgres(t);
  const database = await createDatabase(t, { server: server.url });
  const env = { PORT: await freePort(), ADMIN_ADDR: `127.0.0.1:${await freePort()}` };
  let gateway = await startGateway(t, env, { database });
  const [ann, bob] = [await member(t, gateway, 'ann'), await member(t, gateway, 'bob')];
  await say(bob, 'lobby', 'before');
  await hears(ann, 'before');
  await server.crash();
  assert.equal((await ask(ann, 'join_room', 'garden')).code, 'unavailable'); // a kill would bring her back into the lobby
  await until('a new session', () => ann.connected && ann.recoveries.length === 2);
  assert.equal(ann.recovered, false);
  await join(ann, 'garden'); // what nobody has heard of does not come back
  await sees(bob, ['bob']);
  const [anns, bobs] = [ann.recoveries.length, bob.recoveries.length];
  await gateway.kill();
  await server.start();
  gateway = await startGateway(t, env, { database });
  await until('both', () => ann.recoveries.length > anns && bob.recoveries.length > bobs, 15_000); // they may be back by now
  assert.equal(ann.recoveries[anns], false);
  assert.equal(bob.recoveries[bobs], true);
  await say(bob, 'lobby', 'after');
  await hears(bob, 'after');
  assert.deepEqual(texts(ann), ['before'].map(words));
}, { timeout: 60_000 });

test('messages to one person are missed by nobody: not by the receiver, not by the sender’s other device', async (t) => {
  const database = await createDatabase(t);
  await database.query(`ALTER TABLE "Message" RENAME "roomId" TO "receiverId"`);
  const env = { PORT: await freePort(), ADMIN_ADDR: `127.0.0.1:${await freePort()}` };
  let gateway = await startGateway(t, env, { database });
  const devices = await Promise.all(['ann', 'ann', 'bob'].map((as) => member(t, gateway, as, null)));
  const [phone, laptop, bob] = devices;
  const send = async (from, to, text) => assert.ok((await ask(from, 'send_message', { to: person(to).userId, text: words(text) })).ok);
  await send(bob, 'ann', 'before');
  for (const socket of devices) await hears(socket, 'before');
  await saved(env, 3);
  for (const restarts of [false, true]) {
    for (const socket of [phone, bob]) await drop(socket, { hold: true });
    await send(laptop, 'bob', `to bob ${restarts}`);
    await send(laptop, 'ann', `to herself ${restarts}`);
    if (restarts) {
      const gone = event(laptop, 'disconnect');
      await gateway.kill();
      await gone;
      gateway = await startGateway(t, env, { database });
      assert.equal(await comesBack(laptop), true);
    }
    for (const socket of [phone, bob]) assert.equal(await comesBack(socket), true);
    await send(bob, 'ann', `answer ${restarts}`);
    for (const socket of devices) await hears(socket, `answer ${restarts}`);
  }
  const heard = ['before', 'to bob false', 'to herself false', 'answer false', 'to bob true', 'to herself true', 'answer true'].map(words);
  for (const socket of [phone, laptop]) assert.deepEqual(texts(socket), heard);
  assert.deepEqual(texts(bob), heard.filter((text) => !text.includes('herself')));
}, { timeout: 60_000 });

test('a session is nobody else’s: not by its pid, not when another logs in on the same page', async (t) => {
  const gateway = await startGateway(t);
  const [ann, bob] = [await member(t, gateway, 'ann'), await member(t, gateway, 'bob')];
  await say(bob, 'lobby', 'before');
  await hears(ann, 'before');
  const { _pid: pid, _lastOffset: offset, id } = ann;
  assert.ok(pid && offset);
  await drop(ann, { hold: true });
  await say(bob, 'lobby', 'not for eve');
  for (const auth of [{ pid, offset }, { pid }, { pid: `${pid.slice(0, -1)}_`, offset }, { pid: pid.slice(0, 20), offset }, { pid, offset: 'zzzzzzzzzzzz' }]) {
    const eve = await connect(t, gateway, { as: 'eve', auth });
    assert.equal(eve.recovered, false);
    assert.notEqual(eve.id, id);
    await say(bob, 'lobby', 'still not');
    await join(eve, 'her own');
    await say(eve, 'her own', 'done');
    await hears(eve, 'done');
    assert.deepEqual(texts(eve), [words('done')]);
  }
  ann.io.opts.extraHeaders.cookie = `token=${token(person('eve'))}`; // the page logs in as somebody else
  assert.equal(await comesBack(ann), false);
  await join(ann, 'her own');
  await say(ann, 'her own', 'end');
  await hears(ann, 'end');
  assert.ok(!texts(ann).includes(words('not for eve')));
});

test('a room to which the right has ended stays closed, and its page is told', async (t) => {
  const database = await createDatabase(t);
  await database.query('CREATE TABLE "RoomMember" ("roomId" TEXT, "userId" TEXT)');
  for (const room of ['kitchen', 'garden']) {
    for (const name of ['ann', 'bob']) await database.query('INSERT INTO "RoomMember" VALUES ($1, $2)', [room, person(name).userId]);
  }
  const ROOM_ACCESS_QUERY = 'SELECT 1 FROM "RoomMember" WHERE "roomId" = $1 AND "userId" = $2';
  const gateway = await startGateway(t, { ROOM_ACCESS_QUERY, ACCESS_RECHECK: '0s', JOIN_MODE: 'multi' }, { database });
  const [ann, bob] = [await member(t, gateway, 'ann', 'kitchen'), await member(t, gateway, 'bob', 'kitchen')];
  for (const socket of [ann, bob]) await join(socket, 'garden');
  await drop(ann, { hold: true });
  await say(bob, 'kitchen', 'secret');
  await say(bob, 'garden', 'open');
  await database.query(`DELETE FROM "RoomMember" WHERE "roomId" = 'kitchen' AND "userId" = $1`, [person('ann').userId]);
  const told = event(ann, 'error');
  assert.equal(await comesBack(ann), true);
  const [{ code, roomId }] = await told;
  assert.deepEqual({ code, roomId }, { code: 'forbidden', roomId: 'kitchen' });
  await say(bob, 'kitchen', 'secret too');
  await say(bob, 'garden', 'the end');
  await hears(ann, 'the end');
  assert.deepEqual(texts(ann), [words('open'), words('the end')]);
  assert.equal((await ask(ann, 'send_message', { roomId: 'kitchen', text: words('in') })).code, 'not_in_room');
});

test('the option retries stores a message with an id once, over kill -9 too', async (t) => {
  const database = await createDatabase(t);
  const env = { PORT: await freePort(), ADMIN_ADDR: `127.0.0.1:${await freePort()}` };
  let gateway = await startGateway(t, env, { database });
  const [ann, bob] = [await member(t, gateway, 'ann'), await member(t, gateway, 'bob')];
  Object.assign(ann._opts, { retries: 10, ackTimeout: 300 });
  const emit = (...args) => new Promise((resolve) => ann.emit(...args, (error, answer) => resolve(error ?? answer)));
  await saved(env);
  for (const round of series('round', 3)) {
    const release = await database.block();
    const waiting = emit('send_message', { roomId: 'lobby', text: words(round), tempId: round });
    await until('the message in the database', async () => (await database.query(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`)).length > 0);
    await gateway.kill(); // the statement is under way, and is committed without its gateway
    await release();
    await until('the row', async () => (await database.messages()).some(({ plaintext }) => plaintext === words(round)));
    gateway = await startGateway(t, env, { database });
    const { ok, message } = await waiting;
    assert.deepEqual([ok, message.tempId, message.text], [true, round, words(round)]);
    await until('bob', () => bob.connected);
    const back = performance.now(); // no client at its own pace comes back, and back again, within 200 ms, which saved sessions rely on
    await until('a usual time', () => performance.now() - back > 300);
  }
  await say(bob, 'lobby', 'the end');
  for (const socket of [ann, bob]) {
    await hears(socket, 'the end');
    assert.deepEqual(texts(socket), [...series('round', 3), 'the end'].map(words));
  }
  assert.equal((await database.messages()).length, 4);
}, { timeout: 60_000 });

test('the first equal send after a recovery is a resend; nothing else is', async (t) => {
  const gateway = await startGateway(t);
  const [ann, laptop, bob] = [await member(t, gateway, 'ann'), await member(t, gateway, 'ann'), await member(t, gateway, 'bob')];
  const ok = { roomId: 'lobby', text: words('ok') };
  assert.ok((await ask(ann, 'send_message', ok)).ok);
  assert.ok((await ask(ann, 'send_message', ok)).ok); // two
  assert.ok((await ask(laptop, 'send_message', ok)).ok); // three
  await until('three', () => ann.messages.length === 3);

  const release = await gateway.database.block();
  const lost = ask(ann, 'send_message', ok).catch((failure) => failure); // four
  await until('the message in the database', async () => (await gateway.database.query(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`)).length > 0);
  await drop(ann, { hold: true });
  await release();
  assert.ok(await lost instanceof Error, 'its ack is lost');
  await until('four', () => bob.messages.length === 4);
  const resend = ask(ann, 'send_message', ok);
  const second = ask(ann, 'send_message', ok); // five
  assert.equal(await comesBack(ann), true);
  assert.equal((await resend).message.id, bob.messages[3].id);
  assert.ok((await second).ok);

  await drop(ann, { hold: true });
  const heard = ask(ann, 'send_message', ok); // six: she has heard all that is like it
  assert.equal(await comesBack(ann), true);
  assert.ok((await heard).ok);
  await say(bob, 'lobby', 'the end');
  for (const socket of [ann, laptop, bob]) {
    await hears(socket, 'the end');
    assert.equal(socket.messages.length, 7);
  }
  assert.equal((await gateway.database.messages()).length, 7);
});

/** What a message is on the wire, and the reply to CONNECT. */
async function heardBy(t, gateway) {
  const ann = await member(t, gateway, 'ann');
  const packets = [];
  ann.io.engine.on('packet', ({ data }) => packets.push(data));
  const args = new Promise((resolve) => ann.once('receive_message', (...all) => resolve(all)));
  await say(ann, 'lobby', 'hi');
  return { ann, args: await args, packets };
}

test('RECOVERY=off: the wire is as it ever was', async (t) => {
  const gateway = await startGateway(t, { RECOVERY: 'off' });
  const { ann, args, packets } = await heardBy(t, gateway);
  assert.equal(args.length, 1);
  assert.equal(ann._pid, undefined);
  assert.ok(packets.some((packet) => typeof packet === 'string' && packet.startsWith('2["receive_message",{') && packet.endsWith('}]')));
  await drop(ann, { hold: true });
  assert.ok(!await comesBack(ann));
});

test('DATABASE_URL=none has nothing to recover from, unless RECOVERY=on says that memory is enough', async (t) => {
  const off = await heardBy(t, await startGateway(t, { DATABASE_URL: 'none' }));
  assert.equal(off.args.length, 1);
  const gateway = await startGateway(t, { DATABASE_URL: 'none', RECOVERY: 'on' });
  const { ann, args } = await heardBy(t, gateway);
  assert.deepEqual(args.map((arg) => typeof arg), ['object', 'string']);
  const bob = await member(t, gateway, 'bob');
  await drop(ann, { hold: true });
  await sayAll(bob, 'lobby', series('missed', 5));
  assert.equal(await comesBack(ann), true);
  await hears(ann, 'missed 4');
  assert.deepEqual(texts(ann), ['hi', ...series('missed', 5)].map(words));
});
