// A cluster of a Go server (../clustered) and an official one, each with clients.
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { Server } from 'socket.io';
import { io as connect } from 'socket.io-client';
import { goBinary } from './go.js';
import { later } from './test.js';
import { event, until } from './waiting.js';

const binary = goBinary('clustered');

/** A client that remembers what it heard, in words: the event and its arguments as JSON. */
export function listener(t, url, namespace = '/') {
  const socket = connect(url + namespace, { transports: ['websocket'], forceNew: true, reconnection: false });
  later(t, () => socket.disconnect());
  const heard = [];
  socket.onAny((name, ...args) => {
    const ack = typeof args.at(-1) === 'function' ? args.pop() : undefined;
    heard.push(JSON.stringify([name, ...args]));
    ack?.(`${socket.tag} acks`);
  });
  return Object.assign(socket, {
    heard,
    /** Waits for as many events as these, and that they are these. */
    async hears(...events) {
      await until(`${events} at ${socket.tag}, which has heard ${heard}`, () => heard.length >= events.length);
      const got = heard.splice(0);
      if (got.join() !== events.join()) throw new Error(`${socket.tag} heard ${got}, not ${events}`);
    },
    async order(op, fields = {}, ...args) {
      const { answer, error } = await socket.timeout(15_000).emitWithAck('do', { op, ...fields }, ...args);
      if (error) throw Object.assign(new Error(error), { answer });
      return answer;
    },
  });
}

export async function goServer(t, redis, env = {}) {
  const server = spawn(binary, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, REDIS_URL: redis.url, ...env } });
  later(t, () => server.kill('SIGKILL'));
  const [line] = await event(createInterface({ input: server.stdout }), 'line', 15_000);
  return { url: `http://${line}`, process: server };
}

/** An official server with this adapter. */
export async function officialServer(t, adapter) {
  const http = createServer();
  const io = new Server(http, { adapter, transports: ['websocket'] });
  for (const namespace of [io.of('/'), io.of('/chat'), io.of(/^\/dyn-/)]) {
    namespace.on('connection', (socket) => {
      socket.data = { from: 'node' };
      socket.on('enter', async (room, done) => { await socket.join(room); done(); });
    });
  }
  http.listen(0, '127.0.0.1');
  await event(http, 'listening');
  later(t, () => new Promise((resolve) => io.close(resolve)));
  return { io, url: `http://127.0.0.1:${http.address().port}` };
}

/** Connects and says who it is. */
export async function join(t, server, tag, namespace = '/', ...rooms) {
  const client = listener(t, server.url, namespace);
  client.tag = tag;
  await event(client, 'connect');
  for (const room of rooms) {
    if (server.io) await client.emitWithAck('enter', room);
    else await client.order('enter', { to: [room] });
  }
  if (!server.io) await client.order('subscribed');
  return client;
}
