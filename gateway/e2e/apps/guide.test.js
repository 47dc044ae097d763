// The server that the guide of @socketgate/attach walks through, by the four variables that it names.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { adopt, heardNothing, told, visit } from '../harness/apps.js';
import { words } from '../harness/people.js';
import { test } from '../harness/test.js';

const GUIDE = new URL('../../../pkg/attach-js/README.md', import.meta.url);
const schema = `CREATE TABLE "Message" (id SERIAL PRIMARY KEY, "roomId" TEXT NOT NULL, text TEXT NOT NULL, "userId" TEXT NOT NULL,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP)`;

test("by the guide's variables people join, talk and see who types, and a stranger does not", async (t) => {
  const lines = (await readFile(GUIDE, 'utf8')).match(/```sh\n((?:[A-Z_]+=\S+\n){4})```/)[1];
  const env = Object.fromEntries(lines.trim().split('\n').map((line) => line.split('=')));
  const { gateway, database } = await adopt(t, { schema, env });
  const [ann, bob, eve] = await Promise.all(['ann', 'bob', 'eve'].map((as) => visit(t, gateway, as)));
  for (const socket of [ann, bob]) socket.emit('join', 'general');
  await told(ann, 'room_members', ({ length }) => length === 2);
  ann.emit('typing', 'general');
  assert.equal((await told(bob, 'typing')).username, 'ann');
  ann.emit('message', { roomId: 'general', text: words('hi') });
  for (const socket of [ann, bob]) assert.equal((await told(socket, 'message', ({ text }) => text === words('hi'))).userId, 'id-of-ann');
  heardNothing(eve, 'message');
  assert.deepEqual((await database.query('SELECT "roomId", text FROM "Message"')), [{ roomId: 'general', text: words('hi') }]);
});
