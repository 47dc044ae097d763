// An app whose clients bring their token under a name of its own, and no cookie, as those of another origin or of a mobile app do.
//
//   const socket = io(url, { auth: { accessToken } });   // or query: { token }, or extraHeaders: { "x-access-token": token }
import assert from 'node:assert/strict';
import { io } from 'socket.io-client';
import { adopt, heardNothing, told, visit } from '../harness/apps.js';
import { ask, person, token, words } from '../harness/people.js';
import { later, test } from '../harness/test.js';
import { event } from '../harness/waiting.js';

const schema = `CREATE TABLE "Message" ("id" TEXT PRIMARY KEY, "text" TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP)`;
const env = { TOKEN_SOURCES: 'auth.accessToken, query.token, header.x-access-token' };

test('a token is found in auth, the query and a header, and two talk while a third hears nothing', async (t) => {
  const { gateway } = await adopt(t, { schema, env });
  const tok = token(person('bob'));
  const ann = await visit(t, gateway, undefined, { auth: { accessToken: token(person('ann')) } });
  const eve = await visit(t, gateway, undefined, { headers: { 'x-access-token': `Bearer ${token(person('eve'))}` } });
  const bob = io(gateway.url, { forceNew: true, transports: ['websocket'], reconnection: false, query: { token: tok } });
  later(t, () => bob.disconnect());
  await event(bob, 'connect');
  for (const socket of [ann, bob]) assert.ok((await ask(socket, 'join_room', 'r')).ok);
  assert.ok((await ask(bob, 'send_message', { roomId: 'r', text: words('hi') })).ok);
  const { userId } = await told(ann, 'receive_message', ({ text }) => text === words('hi'));
  assert.equal(userId, 'id-of-bob');
  heardNothing(eve, 'receive_message');

  const forger = io(gateway.url, { forceNew: true, transports: ['websocket'], reconnection: false, query: { token: `${tok}x` } });
  later(t, () => forger.disconnect());
  assert.equal((await event(forger, 'connect_error'))[0].message, 'Authentication error');
});
