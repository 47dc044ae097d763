// An app on MySQL: its clients save by REST, and its route, which had said io.to(roomId).emit(…), publishes through the gateway.
//
//   export async function POST(request) {
//     const message = await prisma.message.create({ data: { … } });
//     await socketgate.emit({ event: "newMessage", args: [message], to: { rooms: [message.conversationId] } });
//     return Response.json(message);
import assert from 'node:assert/strict';
import { said, told, visit } from '../harness/apps.js';
import { HEARD, keepsTheKey, speak } from '../harness/api.js';
import { createDatabase } from '../harness/database.js';
import { startGateway } from '../harness/gateway.js';
import { join, words } from '../harness/people.js';
import { startRedis } from '../harness/redis.js';
import { test } from '../harness/test.js';
import { until } from '../harness/waiting.js';

// The app's own DATABASE_URL is in its environment, and nothing that the gateway could read.
const env = { DATABASE_URL: 'mysql://app:secret@db.invalid:3306/chat', GATEWAY_DATABASE_URL: 'none', MESSAGE_ENCRYPTION_KEY: undefined, MESSAGE_EVENT: 'newMessage', ...HEARD };

/** The route: saves in a database of its own, and tells the room. */
async function appOn(t, gateways) {
  const database = await createDatabase(t);
  await database.query('CREATE TABLE messages (id SERIAL PRIMARY KEY, "conversationId" TEXT, "senderId" TEXT, body TEXT)');
  let turn = 0;
  return async function post(conversationId, senderId, body) {
    const [message] = await database.query(`INSERT INTO messages ("conversationId", "senderId", body) VALUES ('${conversationId}', '${senderId}', '${body}') RETURNING *`);
    await speak(gateways[turn++ % gateways.length], 'emit', { event: 'newMessage', args: [message], to: { rooms: [conversationId] } });
    return message;
  };
}

for (const n of [1, 2]) {
  test(`what is saved by REST is heard in its room and nowhere else, with ${n} gateway${n > 1 ? 's' : ''}`, async (t) => {
    const REDIS_URL = n > 1 ? (await startRedis(t)).url : undefined;
    const gateways = [];
    for (let i = 0; i < n; i++) gateways.push(await startGateway(t, { ...env, REDIS_URL }));
    const post = await appOn(t, gateways);
    const [ann, bob, eve] = await Promise.all(['ann', 'bob', 'eve'].map((name, i) => visit(t, gateways[i % n], name)));
    for (const socket of [ann, bob]) await join(socket, 'c1');
    await join(eve, 'c2');
    const saved = [];
    for (let i = 0; i < 6; i++) saved.push(await post('c1', i % 2 ? 'id-of-ann' : 'id-of-bob', words(`n ${i}`)));
    for (const socket of [ann, bob]) await told(socket, 'newMessage', ({ id }) => id === saved.at(-1).id);
    for (const socket of [ann, bob]) assert.deepEqual(new Set(said(socket, 'newMessage').map(([{ id }]) => id)), new Set(saved.map(({ id }) => id)));
    assert.deepEqual(said(ann, 'newMessage').find(([{ id }]) => id === saved[0].id), [saved[0]], 'as the app has it');
    await speak(gateways[0], 'emit', { event: 'end', all: true });
    await told(eve, 'end', () => true);
    assert.deepEqual(said(eve, 'newMessage'), []);
    gateways.forEach(keepsTheKey);
  });
}

test('a route sends with the id and the time that the app has saved, in the shape of other messages', async (t) => {
  const gateway = await startGateway(t, env);
  const ann = await visit(t, gateway, 'ann');
  await join(ann, 'c1');
  const message = { id: 'row-7', createdAt: '2026-01-02T03:04:05.678Z', roomId: 'c1', text: words('saved before'), fileUrl: '/f.png' };
  const answer = await speak(gateway, 'messages', { userId: 'id-of-bob', username: 'Bob', message });
  const heard = await told(ann, 'newMessage');
  assert.deepEqual(heard, answer.message);
  for (const [key, value] of Object.entries({ ...message, userId: 'id-of-bob' })) assert.equal(heard[key], value, key);
  assert.equal(heard.user.username, 'Bob');
  await until('the list', async () => (await speak(gateway, 'members', { room: 'c1' })).count === 1);
});
