// An app whose server joins a room of the user's own, and one for all, at connect; its routes emit there through Redis.
//
//   io.on("connection", (socket) => { socket.join(`user:${socket.userId}`); socket.join("general"); });
import assert from 'node:assert/strict';
import { Emitter } from '@socket.io/redis-emitter';
import { createClient } from 'redis';
import { adopt, said, told, visit } from '../harness/apps.js';
import { ask, words } from '../harness/people.js';
import { startRedis } from '../harness/redis.js';
import { later, test } from '../harness/test.js';

const schema = `CREATE TABLE "Message" ("id" TEXT PRIMARY KEY, "text" TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP)`;

test('a route reaches one user on every device, and what is said without a room everybody', async (t) => {
  const redis = await startRedis(t);
  const env = { PERSONAL_ROOM: 'user:$user', DEFAULT_ROOM: 'general', MEMBERS_SHAPE: 'object', REDIS_URL: redis.url };
  const { gateway, database } = await adopt(t, { schema, env });
  const [ann, phone, eve] = await Promise.all(['ann', 'ann', 'eve'].map((name) => visit(t, gateway, name)));
  assert.equal((await ask(eve, 'join_room', 'user:id-of-ann')).code, 'forbidden');

  const route = await createClient({ url: redis.url }).connect();
  later(t, () => route.destroy());
  new Emitter(route).to('user:id-of-ann').emit('notification', { text: 'you have mail' });
  for (const socket of [ann, phone]) await told(socket, 'notification', { text: 'you have mail' });
  const hers = new Emitter(route).in('user:id-of-ann');
  hers.socketsJoin('staff');
  for (const socket of [ann, phone]) await told(socket, 'room_members', ({ roomId, count }) => roomId === 'staff' && count === 1);
  hers.socketsLeave('staff');
  hers.emit('notification', { text: 'no longer staff' });
  await told(ann, 'notification', { text: 'no longer staff' });

  assert.ok((await ask(ann, 'send_message', { text: words('hi all') })).ok);
  for (const socket of [ann, phone, eve]) await told(socket, 'receive_message', ({ text, roomId }) => text === words('hi all') && roomId === 'general');
  assert.deepEqual(said(eve, 'notification'), []);
  assert.equal((await database.query('SELECT * FROM "Message"'))[0].roomId, 'general');
});
