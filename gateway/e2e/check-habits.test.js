// What socketgate check proposes for an app's code can be pasted into its .env as it is.
import assert from 'node:assert/strict';
import { checkIn } from './harness/check.js';
import { createDatabase } from './harness/database.js';
import { test } from './harness/test.js';

const APP = {
  'server.ts': `import { Server } from 'socket.io';
    io.use((socket, next) => { verify(socket.handshake.auth.accessToken); next(); });
    io.on('connection', async (socket) => {
      const mine = await prisma.roomMember.findMany({ where: { userId: socket.userId } });
      mine.forEach((member) => socket.join(member.roomId));
      socket.join(\`user:\${socket.userId}\`);
      socket.on('send_message', async (text, roomId, ack) => {
        const message = await save(text, roomId);
        socket.to(roomId).emit('receive_message', { message });
        ack({ success: true, data: message });
      });
    });`,
  'chat.tsx': "socket.emit('send_message', text, roomId); socket.on('receive_message', add); socket.on('online_users', show)",
  'schema.prisma': `model RoomMember {
      userId String
      roomId String
      user   User @relation(fields: [userId], references: [id])
      room   Room @relation(fields: [roomId], references: [id])
    }`,
};

test('the lines that are proposed are understood where they are pasted, and nothing is proposed any more', async (t) => {
  const database = await createDatabase(t);
  await database.query('CREATE TABLE "RoomMember" ("roomId" TEXT NOT NULL, "userId" TEXT NOT NULL)');
  const env = { DATABASE_URL: database.url };
  const before = await checkIn(APP, env);
  const lines = before.steps.filter(({ step }) => step === 'habits').flatMap(({ below }) => [...below.matchAll(/→ ([A-Z_]+=.*)/g)].map(([, line]) => line));
  const names = ['ACK_SHAPE', 'ECHO', 'MESSAGE_SHAPE', 'ONLINE_EVENT', 'PERSONAL_ROOM', 'ROOM_ACCESS_QUERY', 'SEND_ARGS', 'TOKEN_SOURCES', 'USER_ROOMS_QUERY'];
  assert.deepEqual(lines.map((line) => line.split('=')[0]).sort(), names, before.said);

  const after = await checkIn({ ...APP, '.env': lines.join('\n') }, env);
  assert.equal(after.code, 0, after.said);
  assert.ok(!after.steps.some(({ step }) => step === 'habits'), after.said);
  assert.match(after.said, /ok +rooms +USER_ROOMS_QUERY tells where users are/);
});

const CALLS = {
  'server.ts': `import { Server } from 'socket.io';
    io.on('connection', (socket) => {
      users.set(socket.userId, socket.id);
      socket.on('call-user', ({ to, offer }) => {
        const receiverSocketId = users.get(to);
        if (receiverSocketId) io.to(receiverSocketId).emit('incoming-call', { from: socket.userId, offer });
      });
      socket.on('signal', (data) => socket.to(data.target).emit('signal', { ...data, from: socket.id }));
      socket.on('message_read', async ({ id }) => {
        await prisma.message.update({ where: { id }, data: { read: true } });
      });
    });`,
  'app/api/rooms/route.ts': "export async function POST() { globalThis.io.to('r').emit('room_created', {}); }",
  'call.tsx': `socket.emit('call-user', { to, offer }); socket.on('incoming-call', ring); socket.emit('signal', { target, sdp }); socket.on('signal', take);
    socket.emit('message_read', { id })`,
};

test('calls are proposed with whom they are for, and what changes rows is left to own handlers', async (t) => {
  const database = await createDatabase(t);
  const env = { DATABASE_URL: database.url };
  const before = await checkIn(CALLS, env);
  const lines = before.steps.flatMap(({ below }) => [...below.matchAll(/→ ((?:RELAY|API)_[A-Z]+=.*)/g)].map(([, line]) => line));
  assert.deepEqual(lines.map((line) => line.split(' ')[0]).sort(), ['API_ADDR=127.0.0.1:4001', 'RELAY_ANYONE=true', 'RELAY_EVENTS=call-user=incoming-call@user,signal@socket'], before.said);
  assert.match(before.said, /attach +only your own handlers can serve 1 event[^\n]*\n +→ message_read \(server\.ts:9\) changes rows/);

  const after = await checkIn({ ...CALLS, '.env': lines.filter((line) => !line.startsWith('API_')).join('\n') }, env);
  assert.equal(after.code, 0, after.said);
  assert.ok(!/RELAY_/.test(after.said), after.said);
  assert.match(after.said, /attach +only your own handlers can serve 1 event/);
});
