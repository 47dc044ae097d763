// The line between a client and the gateway that scripts/chaos breaks: what it does to bytes and to the ends of connections.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Line } from './chaos/line.js';
import { later, test } from './harness/test.js';
import { until } from './harness/waiting.js';

/** A line to a server of which each connection is given to `serve`. */
async function lineTo(t, serve) {
  const server = createServer((socket) => serve(socket.on('error', () => {}))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  later(t, () => server.close());
  const line = new Line({ ports: () => [server.address().port], failed: () => {} });
  await line.open();
  later(t, () => line.close());
  return line;
}

const closed = (socket) => new Promise((resolve) => socket.once('close', resolve));

/** A client's connection through a line, and what it hears. */
function call(line) {
  const socket = connect(Number(line.host.split(':')[1]), '127.0.0.1').on('error', () => {});
  const client = { socket, heard: '', ended: closed(socket) };
  socket.setEncoding('utf8').on('data', (text) => (client.heard += text));
  return client;
}

test('a slow line brings the answer of a server that ends the connection behind it', async (t) => {
  const line = await lineTo(t, (socket) => socket.once('data', () => socket.end('answer')));
  line.delay(50);
  const client = call(line);
  client.socket.write('question');
  await client.ended;
  assert.equal(client.heard, 'answer');
});

test('a silent line tells nobody of an end until it is heard again', async (t) => {
  let end;
  const line = await lineTo(t, (socket) => socket.once('data', () => (end = () => socket.end('answer'))));
  const client = call(line);
  client.socket.write('question');
  await until('the question', () => end);
  line.silence();
  end();
  assert.equal(await Promise.race([client.ended.then(() => 'the end'), pause(100, 'nothing')]), 'nothing');
  line.speak();
  await client.ended;
  assert.equal(client.heard, 'answer');
});

test('a line passes a reset on, and a cut ends both sides', async (t) => {
  const ends = [];
  const line = await lineTo(t, (socket) => ends.push(closed(socket.resume())));
  for (const end of [({ socket }) => socket.resetAndDestroy(), () => line.cut(), () => line.cut(true)]) {
    const client = call(line);
    await until('the server has it', () => ends.length > 0);
    end(client);
    await Promise.all([client.ended, ends.pop()]);
  }
});
