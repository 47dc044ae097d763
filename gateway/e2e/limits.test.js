// How many may come, from where, and what the operator can see of it.
import assert from 'node:assert/strict';
import { startGateway } from './harness/gateway.js';
import { ask, client, connect, join, person, refusal, say, words } from './harness/people.js';
import { freePort } from './harness/ports.js';
import { test } from './harness/test.js';
import { until } from './harness/waiting.js';
import { handshakeStatus, openWire } from './harness/wire.js';

const TURNED_AWAY = (status) => status === 429 || status === 503;

test('MAX_CONNECTIONS: one more is turned away until somebody leaves', async (t) => {
  const gateway = await startGateway(t, { MAX_CONNECTIONS: 3 });
  const people = await Promise.all(['ann', 'bob', 'cid'].map((name) => connect(t, gateway, name)));
  const status = await handshakeStatus(t, gateway);
  assert.ok(TURNED_AWAY(status), `answered ${status}`);
  assert.equal((await gateway.get('/healthz')).status, 200, 'health checks do not count');
  people[0].disconnect();
  await until('a free place', async () => (await handshakeStatus(t, gateway)) === 101);
  await join(people[1], 'lobby');
});

test('MAX_CONNECTIONS_PER_IP counts the addresses that a trusted proxy names', async (t) => {
  const gateway = await startGateway(t, { MAX_CONNECTIONS_PER_IP: 2, TRUSTED_PROXIES: '127.0.0.0/8' });
  const from = (address) => ({ headers: { 'x-forwarded-for': address } });
  await openWire(t, gateway, from('203.0.113.1'));
  const second = await openWire(t, gateway, from('203.0.113.1'));
  assert.ok(TURNED_AWAY(await handshakeStatus(t, gateway, from('203.0.113.1'))));
  assert.ok(TURNED_AWAY(await handshakeStatus(t, gateway, from('198.51.100.9, 203.0.113.1'))), 'the proxy appends: the last one counts');
  assert.equal(await handshakeStatus(t, gateway, from('203.0.113.2')), 101);
  assert.equal(await handshakeStatus(t, gateway, from('2001:db8::1')), 101);
  second.socket.terminate();
  await until('a free place', async () => (await handshakeStatus(t, gateway, from('203.0.113.1'))) === 101);
});

test('an address that nobody trusted names is not believed', async (t) => {
  const gateway = await startGateway(t, { MAX_CONNECTIONS_PER_IP: 2, TRUSTED_PROXIES: '192.0.2.1' });
  const from = (address) => ({ headers: { 'x-forwarded-for': address } });
  await openWire(t, gateway, from('203.0.113.1'));
  await openWire(t, gateway, from('203.0.113.2'));
  assert.ok(TURNED_AWAY(await handshakeStatus(t, gateway, from('203.0.113.3'))));
});

test('ADMIN_ADDR serves the metrics: connections, rooms, events, batches, drops and refusals', async (t) => {
  const admin = `127.0.0.1:${await freePort()}`;
  const gateway = await startGateway(t, { ADMIN_ADDR: admin, RATE_LIMIT: 0 });
  const metrics = async () => {
    const { status, body } = await gateway.get('/metrics', { base: `http://${admin}` });
    assert.equal(status, 200);
    return body.split('\n').filter((line) => line && !line.startsWith('#'));
  };
  /** The value of one series, such as name{label="value"}; 0 if there is none yet. */
  const value = (lines, series) => Number(lines.find((line) => line.startsWith(`${series} `))?.split(' ').at(-1) ?? 0);

  const people = await Promise.all(['ann', 'bob', 'cid'].map((name) => connect(t, gateway, name)));
  await join(people[0], 'lobby');
  await join(people[1], 'lobby');
  await join(people[2], 'garden');
  await say(people[0], 'lobby', 'hello');
  await ask(people[0], 'send_message', { roomId: 'garden', text: words('over the fence') });
  people[0].emit('made_up', 1);
  await refusal(client(t, gateway, { as: { ...person('ann'), exp: Math.floor(Date.now() / 1000) - 60 } }));
  await openWire(t, gateway, { headers: { origin: 'https://evil.example' } }).catch(() => {});

  const slow = await openWire(t, gateway);
  await slow.enter('lobby');
  slow.pause();
  const pad = 'x'.repeat(50_000);
  await until('the drop of a slow reader', async () => {
    await Promise.all([1, 2, 3, 4].map(() => say(people[0], 'lobby', 'loud', { pad })));
    return value(await metrics(), 'socketgate_connections_closed_total{reason="slow reader"}') === 1;
  }, 20_000);

  await until('three connections', async () => value(await metrics(), 'socketgate_connections') === 3);
  const lines = await metrics();
  assert.equal(value(lines, 'socketgate_connections_opened_total'), 5);
  assert.equal(value(lines, 'socketgate_rooms'), 2);
  assert.ok(value(lines, 'socketgate_events_total{event="send_message",outcome="ok"}') >= 21);
  assert.equal(value(lines, 'socketgate_events_total{event="send_message",outcome="not_in_room"}'), 1);
  assert.equal(value(lines, 'socketgate_events_total{event="join_room",outcome="ok"}'), 4);
  assert.equal(value(lines, 'socketgate_authentication_refused_total{reason="expired"}'), 1);
  assert.equal(value(lines, 'socketgate_handshakes_refused_total{cause="forbidden"}'), 1);
  assert.ok(value(lines, 'socketgate_commit_messages_count') >= 1, 'batches');
  assert.ok(value(lines, 'socketgate_commit_seconds_count') >= 1, 'their latency');
  assert.ok(!lines.some((line) => /made_up/.test(line)), 'no event name that a client made up');
  assert.ok(!/id-of-|lobby|garden|hello/.test(lines.join('\n')), 'no names of people or rooms in metrics');
  assert.equal((await gateway.get('/debug/pprof/cmdline', { base: `http://${admin}` })).status, 200);
}, { timeout: 60_000 });

test('without ADMIN_ADDR there are no metrics and no pprof', async (t) => {
  const gateway = await startGateway(t);
  assert.equal((await gateway.get('/metrics')).status, 404);
  assert.equal((await gateway.get('/debug/pprof/')).status, 404);
});
