// An app that logs in by Auth.js, whose session cookie is encrypted, and stores texts by CryptoJS' passphrase. Its ids are integers, and a
// column that it fills by itself has an enum.
//
//   const userId = (await getToken({ req, secret: process.env.AUTH_SECRET })).sub;
//   text: CryptoJS.AES.encrypt(text, process.env.MESSAGE_ENCRYPTION_KEY).toString()
import assert from 'node:assert/strict';
import { encode } from '@auth/core/jwt';
import CryptoJS from 'crypto-js';
import { adopt, heardNothing, told, visit } from '../harness/apps.js';
import { MESSAGE_KEY } from '../harness/database.js';
import { ask, client, refusal, words } from '../harness/people.js';
import { test } from '../harness/test.js';

const schema = `
  CREATE TYPE kind AS ENUM ('TEXT', 'IMAGE');
  CREATE TABLE users (id SERIAL PRIMARY KEY, username TEXT NOT NULL, email TEXT NOT NULL);
  CREATE TABLE rooms (id SERIAL PRIMARY KEY, name TEXT NOT NULL);
  CREATE TABLE chat_messages (id BIGSERIAL PRIMARY KEY, room_id INT NOT NULL REFERENCES rooms (id), user_id INT NOT NULL REFERENCES users (id),
    message TEXT NOT NULL, type kind NOT NULL, created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP);
  INSERT INTO users (username, email) VALUES ('ann', 'ann@example.com'), ('bob', 'bob@example.com'), ('eve', 'eve@example.com');
  INSERT INTO rooms (name) VALUES ('general'), ('random')`;

const AUTH_SECRET = 'a-secret-of-the-app-with-32-bytes-at-least';
const salt = 'authjs.session-token';
const env = {
  JWT_SECRET: undefined, AUTH_SECRET, MESSAGE_CIPHER: 'cryptojs', MESSAGE_ENCRYPTION_KEY: MESSAGE_KEY, MESSAGE_TABLE: 'chat_messages',
  MESSAGE_CONSTANTS: 'type=TEXT',
};
const logIn = async (id, secret = AUTH_SECRET) => ({ cookie: `${salt}=${await encode({ token: { sub: String(id), email: 'someone@example.com' }, secret, salt })}` });

test('two talk under their names, the app reads their texts, and a third hears nothing', async (t) => {
  const { gateway, database } = await adopt(t, { schema, env });
  const [ann, bob, eve] = await Promise.all([1, 2, 3].map(async (id) => visit(t, gateway, undefined, await logIn(id))));
  for (const [socket, room] of [[ann, 1], [bob, '1'], [eve, 2]]) assert.ok((await ask(socket, 'join_room', room)).ok);
  const { ok, message } = await ask(ann, 'send_message', { roomId: 1, message: words('hi') });
  assert.ok(ok);
  const heard = await told(bob, 'receive_message', (row) => row.message === words('hi'));
  assert.deepEqual([heard.id, heard.userId, heard.roomId, heard.type, heard.user.username], ['1', 1, 1, 'TEXT', 'ann']);
  assert.equal(message.id, heard.id);
  heardNothing(eve, 'receive_message');
  assert.ok(!JSON.stringify(bob.heard).includes('example.com'));

  const [row] = await database.query('SELECT * FROM chat_messages');
  assert.deepEqual([row.room_id, row.user_id, row.type], [1, 1, 'TEXT']);
  assert.equal(CryptoJS.AES.decrypt(row.message, MESSAGE_KEY).toString(CryptoJS.enc.Utf8), words('hi'));
  assert.equal((await ask(ann, 'send_message', { roomId: 9, message: words('nowhere') })).code, 'not_in_room');
  assert.equal((await refusal(client(t, gateway, await logIn(3, `${AUTH_SECRET}!`)))).message, 'Authentication error');
});
