// An app whose Server Action sends the message: the form works without a socket, and a second click sends nothing twice.
//
//   "use server";
//   export async function send(form: FormData) {
//     const { userId } = await requireUser();
//     const { message } = await socketgate.send({ userId, message: { chatId, content }, idempotencyKey: form.get("key") });
import assert from 'node:assert/strict';
import { adopt, said, told, visit } from '../harness/apps.js';
import { HEARD, keepsTheKey, request, speak } from '../harness/api.js';
import { ask, join, words } from '../harness/people.js';
import { test } from '../harness/test.js';

const schema = `
  CREATE TABLE users (id SERIAL PRIMARY KEY, name TEXT NOT NULL);
  CREATE TABLE chats (id SERIAL PRIMARY KEY);
  CREATE TABLE chat_messages (id TEXT PRIMARY KEY, chat_id INT NOT NULL REFERENCES chats (id), author_id INT NOT NULL REFERENCES users (id),
    content TEXT NOT NULL, created_at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP);
  INSERT INTO users (name) VALUES ('Ann'), ('Bob'), ('Shop');
  INSERT INTO chats DEFAULT VALUES; INSERT INTO chats DEFAULT VALUES`;

const env = { ...HEARD, API_USER: 3, MESSAGE_EVENT: 'message' };
const ann = { userId: 1 }, bob = { userId: 2 };

for (const gateways of [1, 2]) {
  test(`what a Server Action sends is the user's own message, once, with ${gateways} gateway${gateways > 1 ? 's' : ''}`, async (t) => {
    const all = await adopt(t, { schema, env, gateways });
    const at = (i) => all.gateways[i % gateways];
    const [hers, his] = [await visit(t, at(0), ann), await visit(t, at(1), bob)];
    for (const socket of [hers, his]) await join(socket, 1);
    const send = (i, text, key) => speak(at(i), 'messages', { userId: 1, message: { chatId: 1, content: words(text) } }, { idempotencyKey: key });

    const clicks = await Promise.all([send(0, 'ordered', 'k1'), send(1, 'ordered', 'k1'), send(0, 'ordered', 'k1')]);
    clicks.push(await send(1, 'ordered', 'k1'));
    assert.equal(new Set(clicks.map(({ message }) => message.id)).size, 1);
    await send(0, 'ordered', 'k2'); // on purpose
    assert.ok((await ask(his, 'send_message', { chatId: 1, content: words('thanks') })).ok);
    await speak(at(1), 'messages', { message: { chatId: 1, content: words('paid') } });
    for (const socket of [hers, his]) {
      const last = await told(socket, 'message', ({ content }) => content === words('paid'));
      assert.deepEqual([last.userId, last.authorId, last.user.username, last.chatId], [3, 3, 'Shop', 1]);
      assert.deepEqual(said(socket, 'message').map(([{ content }]) => content), ['ordered', 'ordered', 'thanks', 'paid'].map(words));
    }
    const first = said(his, 'message')[0][0];
    assert.deepEqual([first.userId, first.user.username], [1, 'Ann']);
    const rows = await all.database.query('SELECT author_id, content FROM chat_messages ORDER BY id');
    assert.deepEqual(rows.map(({ author_id: author }) => author), [1, 1, 2, 3]);
    all.gateways.forEach(keepsTheKey);
  });
}

test('who is not, where nothing is, and what the page has sent by its socket already', async (t) => {
  const { gateway, database } = await adopt(t, { schema, env });
  for (const [userId, chatId] of [[99, 1], [1, 99], ['nobody', 1]]) {
    const { status, answer } = await request(gateway, 'messages', { userId, message: { chatId, content: words('nowhere') } });
    assert.deepEqual([status, answer.code], [400, 'bad_request'], answer.error);
  }
  const hers = await visit(t, gateway, ann);
  await join(hers, 1);
  const message = { chatId: 1, content: words('by both ways'), tempId: 't-1' };
  const ack = await ask(hers, 'send_message', message); // the ack is lost, and the page falls back on its action
  const answer = await speak(gateway, 'messages', { userId: 1, message });
  assert.equal(answer.message.id, ack.message.id);
  assert.equal((await database.query('SELECT * FROM chat_messages')).length, 1);
});
