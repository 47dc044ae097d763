// The real socket.io Server, attached to a gateway that is only the link's protocol.
const assert = require('node:assert/strict');
const { test } = require('node:test');
const { Server } = require('socket.io');
const { attach, attachedServer } = require('../dist');
const { joinsProcesses } = require('../dist/layer');
const { SimulatedGateway } = require('./simulated');
const { until } = require('./waiting');
const { join, quiet, start } = require('./world');

test('a client of the gateway is a socket of the server, events and acks go both ways', async (t) => {
  const { gateway, io, attached } = await start(t);
  const sockets = [];
  io.on('connection', (socket) => {
    sockets.push(socket);
    socket.on('hello', (name, ack) => ack(`hello ${name}`));
  });
  await attached.ready;
  const client = await join(gateway);
  client.say('27["hello","ann"]');
  await until('the ack', () => client.texts.includes('37["hello ann"]'));
  assert.equal(attached.clients, 1);
  assert.equal(io.engine.clientsCount, 1);
  const answer = new Promise((resolve) => sockets[0].emit('ask', 1, resolve));
  await until('the question', () => client.texts.some((text) => text.endsWith('["ask",1]')));
  const id = client.texts.at(-1).match(/^2(\d+)/)[1];
  assert.ok(Number(id) >= 2 ** 20 && Number(id) < 2 ** 31);
  client.say(`3${id}["yes"]`);
  assert.equal(await answer, 'yes');
  client.leave('ping timeout');
  const [reason] = await new Promise((resolve) => sockets[0].on('disconnect', (...args) => resolve(args)));
  assert.equal(reason, 'ping timeout');
  await until('the count', () => io.engine.clientsCount === 0);
});

test('what is said in one breath with a CONNECT is judged behind it: a second CONNECT closes the connection, as natively', async (t) => {
  const { gateway, io } = await start(t);
  let connected = 0;
  io.on('connection', () => connected++);
  const client = gateway.connect();
  client.say('0');
  client.say('0');
  await until('the close', () => !client.open);
  assert.deepEqual([connected, client.texts.filter((text) => text.startsWith('0')).length], [1, 1]);
});

test('a broadcast is one operation, to the members that the gateway knows', async (t) => {
  const { gateway, io } = await start(t);
  io.on('connection', (socket) => socket.on('join', (room) => socket.join(room)));
  const [ann, bob, cid] = [await join(gateway), await join(gateway), await join(gateway)];
  ann.say('2["join","a"]');
  bob.say('2["join","a"]');
  await until('the rooms', () => [ann, bob].every((client) => client.sockets.get('/').rooms.has('a')));
  io.to('a').emit('news', Buffer.from([1, 2]));
  await until('the news', () => bob.heard.length === 2);
  assert.deepEqual(ann.heard.at(-1), ['51-["news",{"_placeholder":true,"num":0}]', Buffer.from([1, 2])]);
  assert.equal(cid.heard.length, 1);
  io.except('a').emit('others');
  await until('the others', () => cid.texts.at(-1) === '2["others"]');
  assert.equal(ann.heard.length, 2);
});

test('a server has left only when the gateway has read its last words: a process that ends takes along what has not been sent', async (t) => {
  const { gateway, io, attached } = await start(t);
  io.on('connection', () => {});
  const client = await join(gateway);
  const [link] = gateway.links;
  const { write } = link;
  const stopped = new Promise((stopped) => {
    link.write = (held) => {
      write(held);
      link.socket.pause();
      io.emit('last', 'x'.repeat(2 ** 24)); // more than there is room for on the way
      stopped();
    };
  });
  let left = false;
  const leaving = attached.close().then(() => (left = true));
  await stopped;
  await Promise.race([leaving, new Promise((soon) => setTimeout(soon, 300))]);
  assert.equal(left, false);
  link.socket.resume();
  await leaving;
  assert.ok(client.texts.at(-1).startsWith('2["last"'));
});

test('a deploy: sockets come back with id, rooms and data, without another CONNECT, and held events arrive once in order', async (t) => {
  const { gateway, io } = await start(t);
  io.use((socket, next) => {
    socket.data.tried = (socket.data.tried ?? 0) + 1;
    next();
  });
  io.on('connection', (socket) => {
    socket.join('a');
    socket.data.name = 'ann';
  });
  const client = await join(gateway, '/', { token: 'secret' });
  const { id } = [...io.sockets.sockets.values()][0];
  await until('the data', () => client.sockets.get('/').data);
  const gone = [];
  io.sockets.sockets.get(id).on('disconnect', (reason) => gone.push(reason));
  await io.close();
  assert.deepEqual(gone, ['server shutting down']);
  assert.ok(client.open, 'the gateway keeps the client');
  assert.deepEqual([...client.sockets.get('/').rooms], [id, 'a'], 'nothing was told of the leaving');
  const before = client.heard.length;
  for (const n of [1, 2, 3]) client.say(`2["count",${n}]`);

  const next = await start(t, { gateway });
  const seen = [];
  next.io.use((socket, next) => {
    seen.push(['middleware', socket.handshake.auth.token]);
    next();
  });
  next.io.on('connection', (socket) => {
    seen.push([socket.id, socket.recovered, [...socket.rooms].sort(), socket.data]);
    socket.on('count', (n) => seen.push(n));
  });
  await next.attached.ready;
  await until('the events', () => seen.at(-1) === 3);
  assert.deepEqual(seen, [['middleware', 'secret'], [id, true, [id, 'a'].sort(), { tried: 1, name: 'ann' }], 1, 2, 3]);
  assert.equal(client.heard.length, before, 'no CONNECT reply, no disconnect');
  next.io.to('a').emit('after');
  await until('what comes after', () => client.texts.at(-1) === '2["after"]');
});

test('who is refused when sockets come back is closed, so that it returns with fresh credentials', async (t) => {
  const { gateway, io } = await start(t);
  io.on('connection', () => {});
  const client = await join(gateway);
  await io.close();
  const next = await start(t, { gateway });
  next.io.use((_socket, next) => next(new Error('expired')));
  next.io.on('connection', () => {});
  await next.attached.ready;
  await until('the end', () => !client.open);
  assert.equal(client.texts.filter((text) => text.startsWith('4')).length, 0, 'no CONNECT_ERROR, which would stop it for good');
});

test('who comes back has passed engine.use and allowRequest of the new process too, or is closed', async (t) => {
  const { gateway, io } = await start(t);
  io.on('connection', () => {});
  const [ann, bob] = [await join(gateway, '/', { n: 1 }), await join(gateway, '/', { n: 2 })];
  await io.close();
  let left = 1;
  const next = await start(t, { gateway, server: { allowRequest: (request, done) => done(null, left-- > 0) } });
  next.io.engine.use((request, response, go) => {
    request.session = { user: 'ann' };
    go();
  });
  const users = [];
  next.io.on('connection', (socket) => users.push(socket.request.session.user));
  await until('one to be closed', () => [ann, bob].some(({ open }) => !open));
  await until('the other to be back', () => users.length === 1);
  assert.deepEqual([users, [ann, bob].filter(({ open }) => open).length], [['ann'], 1]);
});

test('what was held waits for listeners that an async handler adds late, but not for one that never ends', async (t) => {
  const { gateway, io } = await start(t);
  io.on('connection', () => {});
  const client = await join(gateway);
  await io.close();
  client.say('2["count",1]');
  const next = await start(t, { gateway });
  const seen = [];
  let loaded;
  next.io.on('connection', async (socket) => {
    await new Promise((resolve) => (loaded = resolve));
    socket.on('count', (n) => seen.push(n));
  });
  next.io.on('connection', () => new Promise(() => {}));
  await until('the handler', () => loaded);
  setTimeout(loaded, 50); // a question to a database
  await until('the event', () => seen.length === 1);
  assert.deepEqual(seen, [1]);
});

test('an adapter that knows other processes, but no serverCount, tells them itself', async (t) => {
  const { Adapter } = require('socket.io-adapter');
  class OldAdapter extends Adapter {
    sockets(rooms) {
      return super.sockets(rooms);
    }
  }
  const servers = [{ adapter: OldAdapter }, { connectionStateRecovery: {} }, {}].map((server) => start(t, { server }));
  const joined = (await Promise.all(servers)).map(({ io }) => joinsProcesses(io.of('/').adapter));
  assert.deepEqual(joined, [true, false, false]);
});

test('who left meanwhile is presented, then closed', async (t) => {
  const { gateway, io } = await start(t);
  io.on('connection', () => {});
  const client = await join(gateway);
  await io.close();
  client.leave('ping timeout');
  const next = await start(t, { gateway });
  const seen = [];
  next.io.on('connection', (socket) => {
    seen.push('connection');
    socket.on('disconnect', (reason) => seen.push(reason));
  });
  await until('the end', () => seen.length === 2);
  assert.deepEqual(seen, ['connection', 'ping timeout']);
});

test('sockets of several namespaces come back, those of dynamic namespaces and of ones that are made a moment later too', async (t) => {
  const { gateway, io } = await start(t);
  for (const nsp of ['/', '/late', /^\/room-\d+$/]) io.of(nsp).on('connection', () => {});
  const client = await join(gateway);
  client.say('0/room-7,');
  client.say('0/late,');
  await until('all three', () => client.sockets.size === 3);
  await io.close();
  const next = await start(t, { gateway });
  const seen = [];
  for (const nsp of ['/', /^\/room-\d+$/]) next.io.of(nsp).on('connection', (socket) => seen.push(socket.nsp.name));
  setTimeout(() => next.io.of('/late').on('connection', (socket) => seen.push(socket.nsp.name)), 50);
  await next.attached.ready;
  assert.deepEqual(seen.sort(), ['/', '/late', '/room-7']);
});

test('a link that breaks costs nothing: the same sockets go on, without a connection event', async (t) => {
  const { gateway, io, attached } = await start(t);
  let connections = 0;
  const gone = [];
  io.on('connection', (socket) => {
    connections++;
    socket.on('disconnect', (reason) => gone.push(reason));
    socket.on('echo', (n) => socket.emit('echo', n));
    socket.on('join', (room) => socket.join(room));
  });
  await attached.ready;
  const client = await join(gateway);
  gateway.break();
  await until('the break', () => attached.gateways.length === 0);
  client.say('2["echo",1]');
  [...io.sockets.sockets.values()][0].join('meanwhile');
  io.emit('meanwhile');
  await until('the echo', () => client.texts.includes('2["echo",1]'));
  await until('the broadcast', () => client.texts.includes('2["meanwhile"]'));
  await until('the room', () => client.sockets.get('/').rooms.has('meanwhile'));
  assert.deepEqual([connections, gone], [1, []]);
});

test('a gateway that does not come back takes its clients along', async (t) => {
  const gateway = await new SimulatedGateway().listen();
  const { io } = await start(t, { gateway });
  const gone = [];
  io.on('connection', (socket) => socket.on('disconnect', (reason) => gone.push(reason)));
  await join(gateway);
  await gateway.close();
  await until('the end', () => gone.length === 1);
  assert.deepEqual(gone, ['transport close']);
});

test('a server whose namespaces are all dynamic is presented clients, whether they were there before it was attached or not', async (t) => {
  for (const early of [true, false]) {
    const gateway = await new SimulatedGateway().listen();
    t.after(() => gateway.close());
    const io = new Server();
    const serve = () => io.of(/^\/room-\d+$/).on('connection', (socket) => socket.emit('namespace', socket.nsp.name));
    if (early) serve();
    const attached = attach(io, { ...quiet, url: gateway.url });
    t.after(() => io.close());
    if (!early) setImmediate(serve);
    await attached.ready;
    const client = await join(gateway, '/room-7');
    await until('the event', () => client.texts.includes('2/room-7,["namespace","/room-7"]'));
  }
});

test('a module that is loaded anew has the clients of the server that it attached before', async (t) => {
  const { gateway, io, attached } = await start(t);
  io.on('connection', (socket) => socket.on('who', (answer) => answer('old')));
  await attached.ready;
  const client = await join(gateway);
  const { io: other, attached: again } = await start(t, { gateway });
  other.on('connection', (socket) => socket.on('who', (answer) => answer('new')));
  await until('the old one to leave', () => attached.gateways.length === 0);
  await until('the new one to have it', () => again.clients === 1);
  client.say('21["who"]');
  await until('the answer', () => client.texts.includes('31["new"]'));
  assert.deepEqual([attachedServer(), client.open], [other, true]);
});

test('a server that has left can be attached again, with the same clients and what the app had given its engine', async (t) => {
  const { gateway, io, attached } = await start(t, { server: { allowRequest: (_request, done) => done(null, true) } });
  let requests = 0;
  io.engine.use((_request, _response, next) => next(void requests++));
  io.on('connection', (socket) => socket.on('ping', (answer) => answer(io.engine.clientsCount)));
  await attached.ready;
  const client = await join(gateway);
  await attached.close();
  assert.equal(io.engine.clientsCount, 0);
  const again = attach(io, { ...quiet, url: gateway.url });
  await again.ready;
  client.say('21["ping"]');
  await until('the answer', () => client.texts.some((text) => text.startsWith('3')));
  assert.deepEqual(client.texts.filter((text) => text.startsWith('3')), ['31[1]']);
  assert.deepEqual([io.sockets.sockets.size, requests], [1, 1]);
});

test('who dials something else than a gateway is told what to name', async (t) => {
  const other = require('node:net').createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  t.after(() => other.close());
  await new Promise((resolve) => other.on('listening', resolve));
  const lines = [];
  await start(t, { gateway: { url: `tcp://127.0.0.1:${other.address().port}` }, log: (line) => lines.push(line) });
  await until('the line', () => lines.length > 0);
  assert.match(lines[0], /SOCKETGATE_URL has to name its ATTACH_ADDR/);
});

test('a wrong key is refused, and said', async (t) => {
  const gateway = await new SimulatedGateway('another').listen();
  t.after(() => gateway.close());
  const { attached } = await start(t, { gateway });
  await assert.rejects(attached.ready, { code: 'bad_key' });
});

test('listeners for what goes out hear broadcasts too', async (t) => {
  const { gateway, io } = await start(t);
  const heard = [];
  io.on('connection', (socket) => socket.onAnyOutgoing((...args) => heard.push(args)));
  await join(gateway);
  io.emit('all', 1);
  assert.deepEqual(heard, [['all', 1]]);
});

test('native clients beside, the gateway\'s clients count and hear the same', async (t) => {
  const { gateway, io, attached } = await start(t);
  const { io: connect } = require('socket.io-client');
  io.on('connection', (socket) => socket.join('a'));
  io.listen(0);
  const port = io.httpServer.address().port;
  const native = connect(`http://127.0.0.1:${port}`, { transports: ['websocket'] });
  t.after(() => native.close());
  await new Promise((resolve) => native.on('connect', resolve));
  const client = await join(gateway);
  assert.deepEqual([io.engine.clientsCount, attached.clients], [2, 1]);
  const heard = new Promise((resolve) => native.on('news', resolve));
  io.to('a').emit('news', 1);
  assert.equal(await heard, 1);
  await until('the news', () => client.texts.includes('2["news",1]'));
});

test('servers that are not attached are left as they were', async (t) => {
  await start(t);
  const { io: connect } = require('socket.io-client');
  const other = new Server(0);
  t.after(() => other.close());
  const native = connect(`http://127.0.0.1:${other.httpServer.address().port}`);
  t.after(() => native.close());
  await new Promise((resolve) => native.on('connect', resolve));
  const heard = new Promise((resolve) => native.on('news', resolve));
  other.emit('news', 1);
  assert.equal(await heard, 1);
});

test('the server is found from code that shares no variables', async (t) => {
  const { io } = await start(t);
  assert.equal(attachedServer(), io);
  assert.equal([...globalThis[Symbol.for('socketgate.attach')].values()].at(-1).io, io);
});
