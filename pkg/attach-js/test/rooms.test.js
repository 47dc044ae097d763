// Rooms, by whatever an app calls them.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { until } = require('./waiting');
const { join, start } = require('./world');

test('a room that is an object, as a client may have sent, costs nobody the link, and is not the room that it is as text', async (t) => {
  const { gateway, io, attached } = await start(t);
  io.on('connection', (socket) => {
    socket.on('join', (room, done) => done(socket.join(room)));
    socket.on('say', (text) => io.to('secret').emit('said', text));
  });
  await attached.ready;
  const [mallory, ann] = [await join(gateway), await join(gateway)];
  const rooms = ['{"toString":1,"valueOf":1}', '[["secret"]]', '[[{"toString":null}]]', '{"length":1}'];
  for (const room of rooms) mallory.say(`21["join",${room}]`);
  await until('the joins', () => mallory.texts.filter((text) => text.startsWith('31')).length === rooms.length);
  ann.say('21["join","secret"]');
  await until('the join', () => ann.texts.includes('31[null]'));
  ann.say('2["say","hush"]');
  await until('the word', () => ann.texts.includes('2["said","hush"]'));
  assert.ok(!mallory.texts.includes('2["said","hush"]'));
  assert.equal(gateway.links.size, 1);
});

test('a room that is no text is not the room that it is as text, and the same one for the app', async (t) => {
  const { gateway, io, attached } = await start(t);
  const odd = [undefined, null, true, Number.NaN, Symbol('a'), 'cut \ud83d'];
  const texts = [...odd.map(String), 'cut \ufffd', 'cut \ud83e'];
  io.on('connection', (socket) => {
    socket.on('join', (which, done) => done(socket.join(which === 'odd' ? odd : texts.filter((text) => !odd.includes(text)))));
    socket.on('say', () => odd.forEach((room, i) => io.to(room).emit('said', i)));
  });
  await attached.ready;
  const [mallory, ann] = [await join(gateway), await join(gateway)];
  mallory.say('21["join","texts"]');
  ann.say('21["join","odd"]');
  await until('the joins', () => [mallory, ann].every((client) => client.texts.includes('31[null]')));
  ann.say('2["say"]');
  await until('the last word', () => ann.texts.includes(`2["said",${odd.length - 1}]`));
  const heard = (client) => client.texts.filter((text) => text.startsWith('2["said"'));
  assert.deepEqual(heard(mallory), []);
  assert.deepEqual(heard(ann), odd.map((_, i) => `2["said",${i}]`));
});

test('rooms joined by a middleware are known to the gateway once the socket is connected', async (t) => {
  const { gateway, io } = await start(t);
  io.use((socket, next) => {
    socket.join('early');
    next();
  });
  io.on('connection', () => {});
  const client = await join(gateway);
  assert.deepEqual([...client.sockets.get('/').rooms].slice(1), ['early']);
});

test('rooms that are numbers outlive a link that breaks', async (t) => {
  const { gateway, io, attached } = await start(t);
  io.on('connection', (socket) => socket.join(5));
  await attached.ready;
  const client = await join(gateway);
  await until('the join', () => client.sockets.get('/').rooms.has('5'));
  gateway.break();
  await until('the break', () => attached.gateways.length === 0);
  io.to(5).emit('hello');
  await until('the word', () => client.texts.includes('2["hello"]'));
  assert.ok(client.sockets.get('/').rooms.has('5'));
});

test('rooms that are no text are themselves again in the next process', async (t) => {
  const { gateway, io } = await start(t);
  const odd = [5, -0.5, 7n, true, null, undefined, 'cut \ud83d'];
  io.on('connection', (socket) => socket.join([...odd, 6, 'text', '8']));
  const client = await join(gateway);
  const socket = [...io.sockets.sockets.values()][0];
  socket.leave(6);
  socket.data.name = 'ann';
  await io.close();

  const next = await start(t, { gateway });
  next.io.on('connection', () => {});
  await next.attached.ready;
  const [back] = await next.io.fetchSockets();
  assert.deepEqual([...back.rooms], [back.id, ...odd, 'text', '8']);
  assert.deepEqual([back.id, back.data], [socket.id, { name: 'ann' }]);
  assert.equal((await next.io.in('5').fetchSockets()).length, 0);
  next.io.to(5).emit('hello');
  await until('the word', () => client.texts.includes('2["hello"]'));
});
