// An app's own socket.io server, as people write them, behind a gateway: its one line is the attach. It prints what it sees,
// a line of JSON each. Clients ask it for what a test is about.
import { createAdapter } from '@socket.io/redis-adapter';
import { createClient } from 'redis';
import { Server } from 'socket.io';
import msgpack from 'socket.io-msgpack-parser';
import attachments from '../../../pkg/attach-js/dist/index.js';

const { APP_PARSER, APP_REFUSES, APP_REDIS, APP_COOKIE, APP_RECOVERY, APP_CORS, APP_KEEPS, APP_EXITS, APP_OPTIONS } = process.env;
const print = (...seen) => process.stdout.write(`${JSON.stringify(seen)}\n`);

const io = new Server({
  ...(APP_OPTIONS ? JSON.parse(APP_OPTIONS) : {}),
  ...(APP_PARSER === 'msgpack' ? { parser: msgpack } : {}),
  ...(APP_RECOVERY ? { connectionStateRecovery: JSON.parse(APP_RECOVERY) } : {}),
  ...(APP_CORS ? { cors: { ...JSON.parse(APP_CORS), origin: /example$/ } } : {}),
  ...(APP_COOKIE ? { allowRequest: (request, done) => done(null, request.headers.cookie?.includes(APP_COOKIE) ?? false) } : {}),
});
if (APP_REDIS) {
  const publisher = createClient({ url: APP_REDIS });
  const subscriber = publisher.duplicate();
  await Promise.all([publisher.connect(), subscriber.connect()]);
  io.adapter(createAdapter(publisher, subscriber));
}
const attached = attachments.attach(io, { keep: APP_KEEPS !== 'nobody', log: (line) => print('log', line) });
attached.ready.catch((error) => print('refused', error.code));

if (APP_COOKIE) {
  io.engine.use((request, response, next) => {
    request.visits = (request.visits ?? 0) + 1;
    response.setHeader('x-app', String(process.pid));
    next();
  });
}

io.use((socket, next) => {
  print('middleware', socket.id);
  const { token } = socket.handshake.auth;
  if (token === 'bad' || (APP_REFUSES && token === APP_REFUSES)) return next(Object.assign(new Error('not you'), { data: { code: 7 } }));
  socket.join(`user:${token}`);
  next();
});

const known = new Map(); // who is who, as many apps have it: in the memory of the process
io.on('connection', (socket) => {
  print('connection', socket.id, socket.recovered, [...socket.rooms].sort(), socket.data);
  socket.on('join', (room, ack) => {
    socket.join(room);
    ack();
  });
  socket.on('keep', (data, ack) => {
    Object.assign(socket.data, data);
    ack();
  });
  socket.on('i am', (name) => known.set(name, socket.id));
  socket.on('tell', (name, ...args) => io.to(known.get(name) ?? 'nobody').emit(...args));
  socket.on('who', (ack) => ack({ pid: process.pid, id: socket.id, rooms: [...socket.rooms].sort(), data: socket.data, clients: io.engine.clientsCount }));
  socket.on('request', (ack) => {
    const { headers, query, address, auth } = socket.handshake;
    ack({ agent: headers['x-agent'], query: query.from, address, auth, transport: socket.conn.transport.name, visits: socket.request.visits });
  });
  socket.on('count', (n) => {
    print('count', n);
    socket.emit('counted', n);
  });
  socket.on('emit', (room, ...args) => io.to(room).emit(...args));
  socket.on('others', (...args) => socket.broadcast.emit(...args));
  socket.on('local', (...args) => io.local.emit(...args));
  socket.on('ask everybody', async (ack) => ack((await io.timeout(3_000).emitWithAck('question')).sort()));
  socket.on('fetch', async (room, ack) => ack((await io.in(room).fetchSockets()).map(({ id, data }) => [id, data.name ?? null]).sort()));
  socket.on('move', (from, to) => io.in(from).socketsJoin(to));
  socket.on('kick', (room, close) => io.in(room).disconnectSockets(close));
  socket.on('ask servers', async (ack) => ack((await io.serverSideEmitWithAck('pid')).sort()));
  socket.on('slow', (ms, ack) => setTimeout(() => ack('done'), ms));
  socket.on('work', (ms, _, ack) => {
    for (const until = Date.now() + ms; Date.now() < until; );
    ack(ms);
  });
  socket.on('disconnect', (reason) => print('disconnect', socket.id, reason));
});
io.on('pid', (answer) => answer(process.pid));
io.of(/^\/room-\d+$/).on('connection', (socket) => {
  socket.emit('namespace', socket.nsp.name);
  socket.on('echo', (...args) => args.at(-1)(...args.slice(0, -1)));
});

// As next start does it, and apps that close their HTTP server first.
if (APP_EXITS) process.on('SIGTERM', () => setImmediate(() => process.exit(0)));

await attached.ready;
print('ready', process.pid);
