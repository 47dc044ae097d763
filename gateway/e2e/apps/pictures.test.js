// An app whose messages are pictures and replies too: a type, an address and the message that is answered are columns beside the text.
//
//   socket.on("sendMessage", async ({ chatId, content, type, fileUrl, replyToId }, callback) => {
//     const message = await prisma.message.create({ data: { chatId, senderId, content, type, fileUrl, replyToId } });
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as path } from 'node:path';
import { adopt, heardNothing, said, told, visit } from '../harness/apps.js';
import { MESSAGE_KEY, decrypt } from '../harness/database.js';
import { startGateway } from '../harness/gateway.js';
import { ask, words } from '../harness/people.js';
import { freePort } from '../harness/ports.js';
import { startRedis } from '../harness/redis.js';
import { createFile, queryFile } from '../harness/sqlite.js';
import { later, test } from '../harness/test.js';
import { event, until } from '../harness/waiting.js';

const env = { JOIN_EVENTS: 'joinChat', SEND_EVENTS: 'sendMessage', MESSAGE_EVENT: 'newMessage', MESSAGE_CIPHER: 'aes-256-gcm', MESSAGE_ENCRYPTION_KEY: MESSAGE_KEY,
  MESSAGE_FIELDS: 'type,image=fileUrl,replyToId' };
const schema = `CREATE TYPE "MessageType" AS ENUM ('TEXT', 'IMAGE', 'FILE');
  CREATE TABLE "Message" ("id" TEXT PRIMARY KEY, "content" TEXT, "senderId" TEXT NOT NULL, "chatId" TEXT NOT NULL, "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "type" "MessageType" NOT NULL DEFAULT 'TEXT', "fileUrl" TEXT, "replyToId" TEXT REFERENCES "Message" ("id"))`;
const schemaOfSQLite = `CREATE TABLE "Message" ("id" TEXT NOT NULL PRIMARY KEY, "content" TEXT NOT NULL, "senderId" TEXT NOT NULL, "chatId" TEXT NOT NULL,
    "createdAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP, "type" TEXT NOT NULL DEFAULT 'TEXT', "fileUrl" TEXT, "replyToId" TEXT REFERENCES "Message" ("id"))`;

const send = (socket, message) => ask(socket, 'sendMessage', { chatId: 'c1', ...message });
const stored = async (socket, message) => {
  const ack = await send(socket, message);
  assert.ok(ack.ok, JSON.stringify(ack));
  return ack.message;
};
const shows = (image) => (message) => message.fileUrl === image;

async function join(...sockets) {
  for (const socket of sockets) assert.ok((await ask(socket, 'joinChat', 'c1')).ok);
}

/** What a picture without a text is told to hold, by which an app's client shows it. */
function isPicture(message, image, text) {
  assert.deepEqual([message.content, message.text, message.type, message.fileUrl, message.image, message.replyToId, message.senderId],
    [text, text, 'IMAGE', image, image, null, 'id-of-ann']);
}

for (const gateways of [1, 2]) {
  test(`two send pictures and answer them, and a third sees nothing, with ${gateways} gateway${gateways > 1 ? 's' : ''}`, async (t) => {
    const all = await adopt(t, { schema, env, gateways });
    const [ann, bob, eve] = await Promise.all(['ann', 'bob', 'eve'].map((as, i) => visit(t, all.gateways[i % gateways], as)));
    await join(ann, bob);
    const picture = await stored(ann, { type: 'image', image: 'https://files.example.com/a.png', tempId: 't1' });
    isPicture(picture, 'https://files.example.com/a.png', null);
    assert.deepEqual(await told(bob, 'newMessage', shows('https://files.example.com/a.png')), picture);
    const reply = await stored(bob, { content: words('nice'), replyToId: picture.id });
    assert.deepEqual([reply.type, reply.replyToId, reply.fileUrl], ['TEXT', picture.id, null]);
    await told(ann, 'newMessage', ({ content, replyToId }) => content === words('nice') && replyToId === picture.id);

    for (const [message, error] of [
      [{ image: 'b.png', type: 'VIDEO' }, '"type" takes one of TEXT, IMAGE, FILE'], [{ content: words('hm'), image: { url: 'b.png' } }, '"image" takes a text'],
      [{ type: 'IMAGE' }, 'a message needs a text'], [{ image: '' }, 'a message needs a text'], [{ content: words('hm'), replyToId: 'nothing' }, '"replyToId" takes the id of something that is there'],
    ]) {
      const ack = await send(ann, message);
      assert.equal(ack.code, 'bad_request', JSON.stringify(ack));
      assert.ok(ack.error.startsWith(error), ack.error);
    }
    assert.equal((await send(ann, { image: 'x'.repeat(70_000) })).code, 'too_large');
    heardNothing(eve, 'newMessage');
    const rows = await all.database.query('SELECT * FROM "Message" ORDER BY "createdAt"');
    assert.deepEqual(rows.map((row) => [row.content && decrypt(row.content), row.type, row.fileUrl]),
      [[null, 'IMAGE', 'https://files.example.com/a.png'], [words('nice'), 'TEXT', null]]);
  });

  test(`pictures that were missed while a gateway was killed come with all of it, and none twice, with ${gateways}`, async (t) => {
    const port = await freePort();
    const all = await adopt(t, { schema, env, gateways: 0 });
    const more = gateways > 1 ? { REDIS_URL: (await startRedis(t)).url } : {};
    const start = (own) => adopt.again(t, { env: { ...env, ...more, ...own }, database: all.database });
    const doomed = await start({ PORT: port });
    const other = gateways > 1 ? await start({}) : doomed;
    const ann = await visit(t, other, 'ann', { reconnect: true });
    const bob = await visit(t, doomed, 'bob', { reconnect: true });
    await join(ann, bob);
    await stored(ann, { type: 'IMAGE', image: 'a.png', tempId: 't1' });
    await told(bob, 'newMessage', shows('a.png'));
    const back = event(bob, 'connect', 20_000);
    await doomed.kill();
    if (gateways > 1) await stored(ann, { type: 'IMAGE', image: 'b.png' });
    await start({ PORT: port });
    await until('ann to be back', () => ann.connected, 20_000);
    await stored(ann, { type: 'IMAGE', image: 'c.png', tempId: 't3' });
    await back;
    assert.ok(bob.recovered);
    isPicture(await told(bob, 'newMessage', shows('c.png'), 20_000), 'c.png', null);
    await stored(ann, { type: 'IMAGE', image: 'a.png', tempId: 't1' }); // sent again
    await stored(ann, { type: 'IMAGE', image: 'd.png', tempId: 't1' }); // another
    await told(bob, 'newMessage', shows('d.png'));
    const wanted = ['a.png', ...(gateways > 1 ? ['b.png'] : []), 'c.png', 'd.png'];
    assert.deepEqual(said(bob, 'newMessage').map(([message]) => message.fileUrl), wanted);
    assert.equal((await all.database.query('SELECT * FROM "Message"')).length, wanted.length);
  });
}

test('on SQLite it is the same, over a kill too', async (t) => {
  const folder = await mkdtemp(path(tmpdir(), 'pictures-'));
  later(t, () => rm(folder, { recursive: true, force: true }));
  const file = path(folder, 'dev.db');
  await createFile(file, schemaOfSQLite);
  const all = { ...env, DATABASE_URL: `file:${file}`, PORT: await freePort() };
  const gateway = await startGateway(t, all);
  const [ann, bob, eve] = await Promise.all(['ann', 'bob', 'eve'].map((as) => visit(t, gateway, as, { reconnect: true })));
  await join(ann, bob);
  isPicture(await stored(ann, { type: 'IMAGE', image: 'a.png' }), 'a.png', '');
  await told(bob, 'newMessage', shows('a.png'));
  const back = event(bob, 'connect', 20_000);
  await gateway.kill();
  const next = await startGateway(t, all);
  await until('ann to be back', () => ann.connected, 20_000);
  await stored(ann, { type: 'IMAGE', image: 'b.png' });
  await back;
  assert.ok(bob.recovered);
  isPicture(await told(bob, 'newMessage', shows('b.png'), 20_000), 'b.png', '');
  assert.equal(said(bob, 'newMessage').length, 2);
  heardNothing(eve, 'newMessage');
  await next.stop();
  const rows = await queryFile(file, 'SELECT * FROM "Message" ORDER BY "createdAt"');
  assert.deepEqual(rows.map((row) => [decrypt(row.content), row.type, row.fileUrl]), [['', 'IMAGE', 'a.png'], ['', 'IMAGE', 'b.png']]);
});
