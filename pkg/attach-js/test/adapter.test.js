// Events of the adapter ("join-room", "leave-room"), to which apps listen to tell the room: who has joined hears it, who has left does not.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { until } = require('./waiting');
const { join, start } = require('./world');

async function telling(t, room) {
  const { gateway, io } = await start(t);
  io.on('connection', (socket) => {
    socket.on('join', (ack) => ack(socket.join(room)));
    socket.on('leave', (ack) => ack(socket.leave(room)));
  });
  for (const event of ['join-room', 'leave-room']) io.of('/').adapter.on(event, (name, id) => name === room && io.to(name).emit(event, id));
  return { gateway, io };
}

test('who joins a room hears what a listener of the adapter tells it then, who leaves it does not', async (t) => {
  const { gateway } = await telling(t, 'a');
  const [ann, bob] = [await join(gateway), await join(gateway)];
  const id = (client) => client.sockets.get('/').sid;
  const ask = async (client, number, what) => {
    client.say(`2${number}["${what}"]`);
    await until('the ack', () => client.texts.includes(`3${number}[null]`));
  };
  await ask(bob, 1, 'join');
  await ask(ann, 1, 'join');
  await ask(ann, 2, 'leave');
  const events = (client) => client.texts.filter((text) => text.startsWith('2['));
  await until('all of it', () => events(bob).length === 3);
  assert.deepEqual(events(bob), [`2["join-room","${id(bob)}"]`, `2["join-room","${id(ann)}"]`, `2["leave-room","${id(ann)}"]`]);
  assert.deepEqual(events(ann), [`2["join-room","${id(ann)}"]`]);
});

test('a socket is in its own room, and known, when the adapter says so', async (t) => {
  const { gateway, io } = await start(t);
  io.on('connection', () => {});
  io.of('/').adapter.on('join-room', (room, id) => room === id && io.emit('somebody', id));
  const client = await join(gateway);
  await until('the event', () => client.texts.includes(`2["somebody","${client.sockets.get('/').sid}"]`));
});
