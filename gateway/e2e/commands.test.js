// The commands beside serving, and a start that can not work.
import assert from 'node:assert/strict';
import { JWT_SECRET, runGateway, startGateway } from './harness/gateway.js';
import { MESSAGE_KEY, PASSWORD } from './harness/database.js';
import { connect, join } from './harness/people.js';
import { test } from './harness/test.js';

const SHARED = ['JWT_SECRET', 'DATABASE_URL', 'MESSAGE_ENCRYPTION_KEY'];

test('socketgate env prints every variable with its meaning', async () => {
  const { code, stdout } = await runGateway(['env']);
  assert.equal(code, 0);
  for (const name of [...SHARED, 'HOST', 'PORT', 'SOCKET_PATH', 'ALLOWED_ORIGINS', 'MAX_PAYLOAD', 'SEND_QUEUE_BYTES', 'RATE_LIMIT', 'MAX_CONNECTIONS',
    'MAX_CONNECTIONS_PER_IP', 'TRUSTED_PROXIES', 'PING_INTERVAL', 'PING_TIMEOUT', 'CONNECT_TIMEOUT', 'ADMIN_ADDR', 'LOG_FORMAT', 'LOG_LEVEL', 'JOIN_MODE', 'REQUIRE_JOIN', 'MEMBERS_SHAPE']) {
    assert.match(stdout, new RegExp(`\\b${name}\\b`), name);
  }
  assert.ok(!stdout.includes(JWT_SECRET) && !stdout.includes(MESSAGE_KEY));
});

test('socketgate version prints one line', async () => {
  const { code, stdout } = await runGateway(['version']);
  assert.equal(code, 0);
  assert.match(stdout, /^\S.*\n$/);
});

test('socketgate token prints a token that connects', async (t) => {
  const gateway = await startGateway(t);
  const { code, stdout } = await runGateway(['token']);
  assert.equal(code, 0);
  assert.match(stdout, /^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/, 'the token alone, so that it can be piped');
  await join(await connect(t, gateway, { cookie: `token=${stdout.trim()}` }), 'lobby');
});

test('a command that there is not is refused', async () => {
  const { code, stderr } = await runGateway(['srve']);
  assert.notEqual(code, 0);
  assert.match(stderr, /srve/);
  assert.match(stderr, /^usage: socketgate /m, 'the name that it was built and started with');
});

test('a start with faults says one line for each, without the secrets, and fails', async () => {
  const { code, stderr } = await runGateway([], {
    JWT_SECRET: undefined,
    MESSAGE_ENCRYPTION_KEY: 'beef-not-a-key',
    DATABASE_URL: `mysql://app:${PASSWORD}@127.0.0.1/app`,
    PORT: 'four thousand',
    PING_INTERVAL: 'often',
    JOIN_MODE: 'sometimes',
  });
  assert.notEqual(code, 0);
  const lines = stderr.trim().split('\n');
  for (const name of ['JWT_SECRET', 'MESSAGE_ENCRYPTION_KEY', 'DATABASE_URL', 'PORT', 'PING_INTERVAL', 'JOIN_MODE']) {
    assert.equal(lines.filter((line) => new RegExp(`\\b${name}\\b`).test(line)).length, 1, `one line for ${name} in\n${stderr}`);
  }
  assert.match(stderr, /four thousand/, 'says what the variable holds');
  assert.ok(!stderr.includes(PASSWORD), 'not the password');
  assert.ok(!stderr.includes('beef-not-a-key'), 'not the key');
  assert.ok(!/panic|goroutine/.test(stderr));
});

test('a database that is not there stops the start with a plain word, not the password', async () => {
  const { code, stderr } = await runGateway([], { DATABASE_URL: `postgres://app:${PASSWORD}@127.0.0.1:1/app` });
  assert.notEqual(code, 0);
  assert.match(stderr, /DATABASE_URL|database/i);
  assert.ok(!stderr.includes(PASSWORD));
  assert.ok(!/goroutine/.test(stderr));
});
