// An ack and a broadcast both mean: it is in the database. Whatever is pulled out from under the gateway.
import assert from 'node:assert/strict';
import { createDatabase } from './harness/database.js';
import { startGateway } from './harness/gateway.js';
import { Speaker } from './harness/load.js';
import { ask, connect, connected, join, say, words } from './harness/people.js';
import { freePort } from './harness/ports.js';
import { ownPostgres } from './harness/postgres.js';
import { test } from './harness/test.js';
import { event, until } from './harness/waiting.js';

/** All that was acked to or heard by anybody is in the database, once and word for word. */
async function assertStored(database, speakers, listeners) {
  const rows = await database.messages();
  const byID = new Map(rows.map((row) => [row.id, row]));
  assert.equal(new Set(rows.map((row) => row.plaintext)).size, rows.length, 'a message is stored twice');
  const check = (what, message) => {
    const row = byID.get(message.id);
    assert.ok(row, `${what} and not stored: ${message.text}`);
    assert.deepEqual(
      { text: message.text, userId: message.userId, roomId: message.roomId, createdAt: message.createdAt },
      { text: row.plaintext, userId: row.userId, roomId: row.roomId, createdAt: row.createdAt.toISOString() });
  };
  for (const speaker of speakers) {
    for (const [text, message] of speaker.acked) {
      assert.equal(message.text, text);
      check('acked', message);
    }
  }
  for (const socket of listeners) for (const message of socket.messages) check('broadcast', message);
  return rows;
}

test('kill -9 under load, 20 times: what was acked is stored, and nothing was broadcast that is not', async (t) => {
  const rounds = 20;
  const database = await createDatabase(t);
  const env = { PORT: await freePort(), RATE_LIMIT: 0, LOG_LEVEL: 'info' };
  let gateway = await startGateway(t, env, { database });

  const people = [];
  for (let i = 0; i < 8; i++) {
    const socket = await connect(t, gateway, { as: `person ${i}`, reconnect: true });
    people.push({ socket, room: `room ${i % 2}`, speaker: new Speaker(`person ${i}`, socket, `room ${i % 2}`, 10) });
  }
  const speakers = people.map(({ speaker }) => speaker);
  const acked = () => speakers.reduce((sum, speaker) => sum + speaker.acked.size, 0);
  let lost = 0;
  for (let round = 0; round < rounds; round++) {
    await Promise.all(people.map(async ({ socket, room }) => {
      await connected(socket, 10_000);
      await join(socket, room);
    }));
    const before = acked();
    for (const speaker of speakers) speaker.start();
    await until('some acks', () => acked() >= before + 50 + 37 * round, 10_000); // a different moment each time
    lost += speakers.reduce((sum, speaker) => sum + speaker.waiting, 0);
    const gone = people.map(({ socket }) => event(socket, 'disconnect'));
    await gateway.kill();
    await Promise.all(gone);
    gateway = await startGateway(t, env, { database });
  }
  const rows = await assertStored(database, speakers, people.map(({ socket }) => socket));
  assert.ok(lost >= rounds, 'each kill came while messages were on their way');
  assert.ok(rows.length >= acked());
  t.diagnostic(`${rounds} kills; ${acked()} acked, ${rows.length} stored, ${lost} unanswered at the kills`);
}, { timeout: 180_000 });

/** A gateway under load on a Postgres that goes away for a while, and what must hold through that. */
async function outage(t, away, back) {
  const server = await ownPostgres(t);
  const database = await createDatabase(t, { server: server.url });
  const gateway = await startGateway(t, { RATE_LIMIT: 0 }, { database });
  const speakers = [];
  for (let i = 0; i < 8; i++) {
    const socket = await connect(t, gateway, `person ${i}`);
    await join(socket, 'lobby');
    speakers.push(new Speaker(`person ${i}`, socket, 'lobby', 4));
  }
  const listener = await connect(t, gateway, 'listener');
  await join(listener, 'lobby');
  const sockets = [listener, ...speakers.map(({ socket }) => socket)];
  for (const speaker of speakers) speaker.start();
  await until('messages', () => speakers.every((speaker) => speaker.acked.size >= 10), 15_000);
  assert.equal((await gateway.get('/readyz')).status, 200);
  const memory = await gateway.memory();

  await away(server);
  try {
    await until('a refusal for everybody', () => speakers.every((speaker) => speaker.refused.length > 0), 15_000);
    await until('red readiness', async () => (await gateway.get('/readyz')).status === 503, 10_000);
    const silence = listener.messages.length;
    const before = speakers.map((speaker) => speaker.refused.length);
    await until('more refusals', () => speakers.every((speaker, i) => speaker.refused.length >= before[i] + 4), 15_000);
    assert.equal((await gateway.get('/healthz')).status, 200);
    assert.equal(listener.messages.length, silence, 'nothing is broadcast that can not be stored');
    for (const speaker of speakers) {
      speaker.stop();
      for (const { code, after } of speaker.refused) {
        assert.equal(code, 'unavailable');
        assert.ok(after < 5_000, `refused after ${Math.round(after)} ms`);
      }
    }
    // The chat that needs no database goes on.
    assert.ok((await ask(listener, 'join_room', 'lobby')).ok);
    const grown = (await gateway.memory()) - memory;
    assert.ok(grown < 64 * 1024 * 1024, `memory grew by ${Math.round(grown / 1024)} KiB`);
  } finally {
    await back(server);
  }

  await until('green readiness', async () => (await gateway.get('/readyz')).status === 200, 15_000);
  await until('a stored message', async () => (await ask(listener, 'send_message', { roomId: 'lobby', text: words('and we are back') })).ok, 15_000);
  await until('every answer', () => speakers.every((speaker) => speaker.waiting === 0));
  await say(speakers[0].socket, 'lobby', 'hello again');
  await until('the last word', () => sockets.every((socket) => socket.messages.at(-1)?.text === words('hello again')));
  assert.deepEqual(sockets.flatMap((socket) => socket.endings), [], 'nobody was disconnected');
  await assertStored(database, speakers, sockets);
  const rows = await database.messages();
  const heard = listener.messages.map((message) => message.id);
  assert.deepEqual(heard, rows.map((row) => row.id).filter((id) => heard.includes(id)), 'order holds through the outage');
}

test('Postgres stopped in mid-run: senders get unavailable in time, and all goes on when it is back', async (t) => {
  await outage(t, (server) => server.stop(), (server) => server.start());
}, { timeout: 160_000 });

test('Postgres hanging in mid-run, its connections open: the same', async (t) => {
  await outage(t, (server) => server.signal('SIGSTOP'), (server) => server.signal('SIGCONT'));
}, { timeout: 160_000 });
