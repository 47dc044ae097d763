// Slow, broken and hostile clients: a clear answer or a closed connection, and nobody else notices.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { startGateway } from './harness/gateway.js';
import { ask, connect, hears, join, person, present, say, sees, token, words } from './harness/people.js';
import { test } from './harness/test.js';
import { until } from './harness/waiting.js';
import { exchange, openWire } from './harness/wire.js';

/** Two people who must go on chatting whatever happens beside them. */
async function bystanders(t, gateway) {
  const [ann, bob] = [await connect(t, gateway, 'ann'), await connect(t, gateway, 'bob')];
  await join(ann, 'lobby');
  await join(bob, 'lobby');
  let n = 0;
  return {
    ann,
    bob,
    async chat() {
      const text = `undisturbed ${n++}`;
      await say(ann, 'lobby', text);
      await hears(bob, text);
      assert.deepEqual([...ann.endings, ...bob.endings], []);
    },
  };
}

test('who does not read is cut off, and the room does not wait', async (t) => {
  const gateway = await startGateway(t, { RATE_LIMIT: 0 });
  const { ann, bob, chat } = await bystanders(t, gateway);
  const slow = await openWire(t, gateway);
  await slow.enter('lobby');
  await sees(bob, ['ann', 'bob', 'mallory']);
  slow.pause();
  const before = await gateway.memory();
  const pad = 'x'.repeat(50_000);
  let said = 0;
  await until('the end of the slow reader', async () => {
    await Promise.all([1, 2, 3, 4].map(() => say(ann, 'lobby', `loud ${said++}`, { pad })));
    return present(bob).join() === 'ann,bob';
  }, 30_000);
  assert.ok(said * pad.length > 1 << 20, 'its queue was used before');
  await until('every message', () => bob.messages.length === said);
  await chat();
  const grown = (await gateway.memory()) - before;
  assert.ok(grown < 64 << 20, `memory grew by ${grown >> 10} KiB`);
  slow.resume();
  await slow.closes();
}, { timeout: 60_000 });

test('a message over MAX_PAYLOAD closes its connection with 1009', async (t) => {
  const gateway = await startGateway(t, { MAX_PAYLOAD: 10_000 });
  const { chat } = await bystanders(t, gateway);
  const wire = await openWire(t, gateway);
  assert.equal(JSON.parse((await wire.frame('0')).slice(1)).maxPayload, 10_000);
  await wire.enter('lobby');
  wire.send(`42["send_message",{"roomId":"lobby","text":"${'x'.repeat(10_000)}"}]`);
  assert.equal(await wire.closes(), 1009);

  const fragments = await openWire(t, gateway);
  await fragments.enter('lobby');
  for (let i = 0; i < 20; i++) fragments.socket.send('4'.repeat(1_000), { fin: false });
  await fragments.closes();
  await chat();
});

test('RATE_LIMIT answers rate_limited, to that connection only and only for a while', async (t) => {
  const gateway = await startGateway(t, { RATE_LIMIT: 20 });
  const { ann, bob } = await bystanders(t, gateway);
  const flood = await Promise.all(Array.from({ length: 200 }, (_, i) => ask(ann, 'send_message', { roomId: 'lobby', text: words(`flood ${i}`) })));
  const passed = flood.filter((ack) => ack.ok).length;
  assert.ok(passed >= 20 && passed <= 100, `${passed} of 200 passed a burst of 40 and 20 a second`);
  for (const ack of flood.filter((ack) => !ack.ok)) assert.equal(ack.code, 'rate_limited');
  await say(bob, 'lobby', 'bob is free to speak');
  await until('better times', async () => (await ask(ann, 'send_message', { roomId: 'lobby', text: words('sorry') })).ok);
  assert.equal(ann.connected, true);
  await until('her allowance', async () => (await ask(ann, 'join_room', 'lobby')).ok);
  assert.equal((await gateway.database.messages()).filter((row) => row.plaintext.startsWith('flood')).length, passed);
  await hears(bob, 'sorry');
  assert.deepEqual(bob.endings, []);
});

test('garbage closes the connection that it came on, and no other', async (t) => {
  const gateway = await startGateway(t);
  const { bob, chat } = await bystanders(t, gateway);
  for (const frame of [
    '', 'x', '4', '7', '9', '2', '4x', '42{}', '42[]', '42[', '42["join_room"', '42[null]', '42[["join_room","lobby"]]', '42abc["a"]',
    '42["connect"]', '42["connect_error"]', '42["disconnect"]', '42["disconnecting"]', '42["newListener"]', '42["removeListener"]',
    '45', '45999999-["a"]', '45-["a"]', '49["a"]', '40', '400', '44{"message":"x"}', 'b!', '\u0000', '42["join_room",\ud800]',
    `42["join_room",${'['.repeat(50_000)}`, randomBytes(100), Buffer.alloc(0)]) {
    const wire = await openWire(t, gateway);
    await wire.enter('lobby');
    wire.send(frame);
    await wire.closes().catch(() => assert.fail(`still open after ${JSON.stringify(frame.toString().slice(0, 40))}`));
  }
  await sees(bob, ['ann', 'bob']);
  await chat();
}, { timeout: 60_000 });

test('broken WebSocket frames close the connection that they came on, and no other', async (t) => {
  const gateway = await startGateway(t);
  const { bob, chat } = await bystanders(t, gateway);
  const masked = (first, length) => Buffer.from([first, 0x80 | length, 0, 0, 0, 0, ...Buffer.from('x'.repeat(length))]);
  for (const [what, bytes] of Object.entries({
    'not masked': Buffer.from([0x81, 0x01, 0x32]),
    'RSV bits': masked(0xc1, 1),
    'a reserved opcode': masked(0x83, 1),
    'a continuation of nothing': masked(0x80, 1),
    'a long control frame': Buffer.from([0x89, 0xfe, 0x00, 0x80, 0, 0, 0, 0]),
    'a fragmented control frame': masked(0x09, 1),
    'an absurd length': Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
    'a length with the top bit': Buffer.from([0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]),
    'text that is not UTF-8': Buffer.from([0x81, 0x83, 0, 0, 0, 0, 0x34, 0xff, 0xfe]),
  })) {
    const wire = await openWire(t, gateway);
    await wire.enter('lobby');
    wire.socket.on('error', () => {});
    wire.sendRaw(bytes);
    await wire.closes().catch(() => assert.fail(`still open after ${what}`));
  }
  await sees(bob, ['ann', 'bob']);
  await chat();
});

test('events that nobody knows, and strange arguments, are survived', async (t) => {
  const gateway = await startGateway(t);
  const { ann, chat } = await bystanders(t, gateway);
  for (const name of ['unknown', '__proto__', 'constructor', 'toString', 'x'.repeat(1_000), '']) ann.emit(name, { a: 1 }, [2], null);
  for (const payload of [{ roomId: 'lobby', text: words('deep'), deep: JSON.parse(`${'['.repeat(98)}${']'.repeat(98)}`) }, { roomId: 'lobby', text: words('\u0000 nul') }]) {
    await ask(ann, 'send_message', payload);
  }
  await chat();
});

test('who connects and says nothing is let go after CONNECT_TIMEOUT', async (t) => {
  const gateway = await startGateway(t, { CONNECT_TIMEOUT: '500ms' });
  const silent = await openWire(t, gateway);
  await silent.closes(3_000);
  const talks = await openWire(t, gateway);
  await talks.enter('lobby');
  const next = await openWire(t, gateway);
  await next.closes(3_000);
  assert.equal(talks.socket.readyState, 1, 'who did connect stays');
});

test('requests with absurd headers are turned away, and cost nobody anything', async (t) => {
  const gateway = await startGateway(t);
  const { chat } = await bystanders(t, gateway);
  const handshake = (headers) => [
    'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1', `Host: ${gateway.host}`, 'Upgrade: websocket', 'Connection: Upgrade',
    'Sec-WebSocket-Version: 13', `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`, ...headers, '', ''].join('\r\n');
  for (const [what, headers] of Object.entries({
    '10,000 headers': Array.from({ length: 10_000 }, (_, i) => `X-Header-${i}: ${'y'.repeat(50)}`),
    'a header of a megabyte': [`X-Header: ${'y'.repeat(1 << 20)}`],
    'a token of a megabyte': [`Cookie: token=${'y'.repeat(1 << 20)}`],
  })) {
    assert.match(await exchange(gateway, handshake(headers)), /^(HTTP\/1\.[01] 4\d\d |$)/, what);
  }
  for (const bytes of ['GARBAGE\r\n\r\n', 'GET / HTTP/9.9\r\n\r\n', randomBytes(4096), 'GET /socket.io/ HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: -1\r\n\r\n']) {
    assert.match(await exchange(gateway, bytes), /^(HTTP\/1\.[01] 4\d\d |HTTP\/1\.[01] 505 |$)/);
  }
  await chat();
});

test('bad handshakes get an HTTP error and no connection', async (t) => {
  const gateway = await startGateway(t);
  const { chat } = await bystanders(t, gateway);
  for (const query of ['EIO=3&transport=websocket', 'transport=websocket', 'EIO=4&transport=pigeon', 'EIO=4', 'EIO=4&transport=websocket&sid=unknown', '']) {
    const { status } = await gateway.get(`/socket.io/?${query}`);
    assert.ok(status >= 400 && status < 500, `plain ${query} answered ${status}`);
    const error = await openWire(t, gateway, { path: `/socket.io/?${query}` }).then(() => undefined, (error) => error);
    assert.ok(error?.status >= 400 && error.status < 500, `${query}: ${error?.message ?? 'let in'}`);
  }
  const cookie = `token=${token(person('ann'))}`;
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    const { status } = await gateway.get('/socket.io/?EIO=4&transport=websocket', { method, headers: { cookie } });
    assert.ok(status >= 400 && status < 500, `${method} answered ${status}`);
  }
  await chat();
});

test('pages belong to the web app: all but the socket path and the health checks is 404', async (t) => {
  const gateway = await startGateway(t);
  for (const path of ['/', '/index.html', '/favicon.ico', '/api/auth', '/metrics', '/debug/pprof/', '/debug/pprof/cmdline', '/socket.iox/', '/socket', '/healthz/x', '/readyz/..%2f']) {
    assert.equal((await gateway.get(path)).status, 404, path);
  }
  assert.equal((await gateway.get('/healthz')).status, 200);
  assert.equal((await gateway.get('/readyz')).status, 200);
  await connect(t, gateway, { as: 'ann', path: '/socket.io' });
});

test('the socket path may be called with or without the last slash, or another by SOCKET_PATH', async (t) => {
  const gateway = await startGateway(t);
  for (const path of ['/socket.io?EIO=4&transport=websocket', '/socket.io/?EIO=4&transport=websocket']) {
    const wire = await openWire(t, gateway, { path });
    await wire.enter('lobby');
  }
  const moved = await startGateway(t, { SOCKET_PATH: '/chat/ws' });
  await join(await connect(t, moved, { as: 'ann', path: '/chat/ws' }), 'lobby');
  assert.equal((await moved.get('/socket.io/?EIO=4&transport=websocket')).status, 404);
});
