// The connections are the gateway's. Whatever option of connections an app's own server is given is obeyed, or the log says that it is not.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { Server } from 'socket.io';
import attachments from '../../pkg/attach-js/dist/index.js';
import { startApp, startAttachable } from './harness/attached.js';
import { later, test } from './harness/test.js';
import { event, until } from './harness/waiting.js';

/** Why an option has no line: it is obeyed, and by whom. */
const OBEYED = {
  adapter: 'by socket.io itself, over the layer of the package',
  parser: 'by socket.io itself: packets are opaque to the gateway',
  allowRequest: 'the gateway asks the app at each handshake',
  connectionStateRecovery: 'by the gateway, or the app logs why not',
  cleanupEmptyChildNamespaces: 'by socket.io itself',
  addTrailingSlash: 'the gateway takes both forms of the path',
};

/** Values that no option has by default, and what the log says of them. */
const SAID = {
  path: ['/chat', 'path is /chat, here SOCKET_PATH=/socket.io/'],
  pingInterval: [11_000.4, 'pingInterval is 11s, here PING_INTERVAL=25s'],
  pingTimeout: ['12000', 'pingTimeout is 12s, here PING_TIMEOUT=20s'],
  maxHttpBufferSize: [1e8, 'maxHttpBufferSize is 100000000, here MAX_PAYLOAD=1000000'],
  allowEIO3: [1, 'allowEIO3 is true, here ALLOW_EIO3=false'],
  cors: [{ origin: 'https://other.example' }, 'cors.origin is https://other.example, here ALLOWED_ORIGINS='],
  transports: [['websocket', 'webtransport'], 'transports is websocket,webtransport, here POLLING=full; transports has webtransport, which is not served here'],
  allowUpgrades: [false, 'allowUpgrades is false, here'],
  upgradeTimeout: [13_000, 'upgradeTimeout is 13s, here always 10s'],
  connectTimeout: [120_000, 'connectTimeout is 2m0s, here CONNECT_TIMEOUT=45s'],
  serveClient: [true],
  cookie: [true],
  perMessageDeflate: [{ threshold: 10 }],
  httpCompression: [false],
  httpRequestBodyTimeout: [1_000],
  maxBufferedChunks: [10],
  wsEngine: ['ws'],
  initialPacket: ['hello'],
  destroyUpgrade: [false],
  destroyUpgradeTimeout: [10],
};

/** The options that these declarations have, by name. */
async function declared(file) {
  const text = await readFile(new URL(`node_modules/${file}`, import.meta.url), 'utf8');
  const bodies = [...text.matchAll(/^(?:export )?interface (?:Server|Attach)Options[^{]*\{([\s\S]*?)^\}/gm)];
  return bodies.flatMap(([, body]) => [...body.matchAll(/^ {4}(\w+)\??:/gm)].map(([, name]) => name));
}

async function differences(t, options) {
  const gateway = await startAttachable(t);
  await startApp(t, gateway, { APP_OPTIONS: JSON.stringify(options) });
  return gateway.entries().filter((line) => line.differences !== undefined).map((line) => line.differences);
}

test('each option of a server is obeyed, or the gateway says in one line what it has instead', async (t) => {
  const options = [...(await declared('engine.io/build/server.d.ts')), ...(await declared('socket.io/dist/index.d.ts'))];
  assert.ok(options.length > 20, `only ${options}`);
  assert.deepEqual(options.filter((name) => !(name in OBEYED) && !(name in SAID)), [], 'options that nothing is known of');

  const [line, ...more] = await differences(t, Object.fromEntries(Object.entries(SAID).map(([name, [value]]) => [name, value])));
  assert.deepEqual(more, []);
  const unused = line.match(/without effect here: ([\w, ]+)/)[1].split(', ');
  for (const [name, [, says]] of Object.entries(SAID)) {
    if (says) assert.ok(line.includes(says), `${name}: ${line}`);
    else assert.ok(unused.includes(name), `${name}: ${line}`);
  }
});

test('a server without options, or with what is so by default, has no line', async (t) => {
  assert.deepEqual(await differences(t, {}), []);
  assert.deepEqual(await differences(t, {
    path: '/socket.io', transports: ['polling', 'websocket'], allowUpgrades: true, upgradeTimeout: 10_000, connectTimeout: 45_000, pingInterval: null,
    httpCompression: true, perMessageDeflate: false,
  }), []);
});

/** What a server's listeners of connection_error hear of these requests, in order. */
async function refusalsHeard(io, url, paths) {
  const heard = [];
  io.engine.on('connection_error', ({ req, code, message, context }) => heard.push([`${req.method} ${req.url}`, req.headers['x-agent'], code, message, context]));
  await until('the listener to be known', async () => (await fetch(`${url}/socket.io/?EIO=4&transport=pigeon`)).ok || heard.length > 0);
  await fetch(`${url}/socket.io/?EIO=4&transport=owl`);
  await until('what was tried until then to be heard', () => heard.at(-1)[0].endsWith('owl'));
  heard.length = 0;
  for (const [method, path] of paths) {
    const before = heard.length;
    const { status } = await fetch(`${url}/socket.io/${path}`, { method, headers: { 'X-Agent': 'mine' } });
    assert.equal(status, 400);
    await until(`what ${path} is refused for`, () => heard.length > before);
  }
  return heard;
}

test('connection_error comes for each request that becomes no session, as natively', async (t) => {
  const paths = [
    ['GET', '?EIO=4'],
    ['GET', '?EIO=4&transport=pigeon'],
    ['GET', '?EIO=4&transport=polling&sid=unknown'],
    ['POST', '?EIO=4&transport=polling'],
    ['GET', '?EIO=4&transport=websocket'],
    ['GET', '?EIO=3&transport=polling'],
  ];
  const http = createServer().listen(0, '127.0.0.1');
  const native = new Server(http);
  later(t, () => native.close());
  await event(http, 'listening');

  const gateway = await startAttachable(t);
  const io = new Server();
  const attached = attachments.attach(io, { url: gateway.attachAt, key: gateway.key, signals: false, log() {} });
  later(t, () => io.close());
  io.on('connection', () => {});
  await attached.ready;
  assert.deepEqual(await refusalsHeard(io, gateway.url, paths), await refusalsHeard(native, `http://127.0.0.1:${http.address().port}`, paths));
});
