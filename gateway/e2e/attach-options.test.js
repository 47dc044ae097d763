// The connections are the gateway's. Whatever option of connections an app's own server is given is obeyed, or the log says that it is not.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { startApp, startAttachable } from './harness/attached.js';
import { test } from './harness/test.js';

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
