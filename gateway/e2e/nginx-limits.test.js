// How much one visitor may take from the real nginx with the files of deploy/nginx, and that an office gets in.
import assert from 'node:assert/strict';
import { startNginx } from './harness/nginx.js';
import { later, sideBySide, test } from './harness/test.js';
import { until } from './harness/waiting.js';
import { send, startWeb } from './harness/web.js';

const PATIENT = { timeout: 60_000 };
const HANDSHAKE = '/socket.io/?EIO=4&transport=polling';

/** nginx, before a web app that stands in for the gateway too: what nginx lets through is answered with 200. */
async function open(t, options) {
  const web = await startWeb(t);
  return { web, proxy: await startNginx(t, { gateways: [web.host], web: web.host, ...options }) };
}

/** The statuses of so many requests at once, in batches, each with its count. */
async function statuses(count, ask) {
  const counted = {};
  for (let asked = 0; asked < count; asked += 50) {
    const answers = await Promise.all(Array.from({ length: Math.min(50, count - asked) }, (_, i) => ask(asked + i)));
    for (const { status } of answers) counted[status] = (counted[status] ?? 0) + 1;
  }
  return counted;
}

/** Asks until nginx refuses. What is left refills while a slow machine asks, so the number of questions says nothing. */
async function exhaust(ask, what = 'a request') {
  for (let asked = 0; asked < 20_000; asked += 50) if ((await statuses(50, ask))[429]) return;
  assert.fail(`${what} is never refused`);
}

sideBySide('nginx', () => {
  test('an office of 1,000 people comes back at once; one network can’t shake hands without end', async (t) => {
    const { proxy } = await open(t);
    const knock = (query, from = '127.0.0.2') => send(`${proxy.url}/socket.io/${query}`, { from });
    assert.deepEqual(await statuses(1000, () => knock('?EIO=4&transport=polling')), { 200: 1000 });
    await exhaust(() => knock('?EIO=4&transport=polling'));
    const handshakes = ['', '?EIO=4&transport=websocket', '?SID=a', '?sid', '?sid=', '?sid=&sid=a', '?sid&sid=a', '?%73id=&sid=a', '?a=b;sid=a', '?sid=a;b'];
    for (const query of handshakes) await exhaust(() => knock(query), query);
    for (const query of ['?EIO=4&transport=polling&sid=a-_Z9', '?tenant=a%20b&EIO=4&transport=polling&t=Pq.1&sid=a', '?sid=a&t=b']) {
      assert.deepEqual(await statuses(50, () => knock(query)), { 200: 50 }, query);
    }
    assert.equal((await knock('?EIO=4&transport=polling', '127.0.0.3')).status, 200, 'others get in');
  }, PATIENT);

  test('100 people of an office log in at once; one network can’t try passwords without end', async (t) => {
    const { proxy } = await open(t);
    const post = (path, from = '127.0.0.2') => send(proxy.url + path, { method: 'POST', from });
    assert.deepEqual(await statuses(100, () => post('/login')), { 200: 100 });
    await exhaust(() => post('/login'));
    for (const path of ['/login', '/register', '/login?next=%2Frooms', '//login', '/%6Cogin', '/x/../login']) await exhaust(() => post(path), path);
    assert.deepEqual(await statuses(50, () => post('/rooms')), { 200: 50 });
    assert.deepEqual(await statuses(50, () => send(`${proxy.url}/login`, { from: '127.0.0.2' })), { 200: 50 }, 'the page itself');
    assert.equal((await post('/login', '127.0.0.3')).status, 200, 'others get in');
  }, PATIENT);

  test('an IPv6 network is one visitor, an IPv4 address another, however it is written', async (t) => {
    const { proxy } = await open(t, { balanced: true });
    const login = (address) => send(`${proxy.url}/login`, { method: 'POST', headers: { 'x-forwarded-for': address } });
    await exhaust((i) => login(`2001:db8:0:7:${i.toString(16)}::1`));
    await exhaust((i) => login(`2001:db8:0:7:9999::${i}`), 'an address of the same network');
    assert.equal((await login('2001:db8:0:8::1')).status, 200);
    await exhaust(() => login('::ffff:192.0.2.1'));
    await exhaust(() => login('192.0.2.1'), 'the same');
    assert.equal((await login('::ffff:192.0.2.2')).status, 200);
  }, PATIENT);

  test('one network has 2,000 connections and no more, and others still get in', async (t) => {
    const { web, proxy } = await open(t);
    web.asked.length = 0;
    const hanging = [];
    later(t, () => Promise.all(hanging));
    later(t, () => proxy.stop());
    while (hanging.length < 2000) { // at once they would be more than nginx and Node let wait, and those knock again after seconds only
      for (let i = 0; i < 100; i++) hanging.push(send(`${proxy.url}/silent`, { from: '127.0.0.2' }).catch((failure) => failure));
      await until(`${hanging.length} of them at the app`, () => web.asked.length === hanging.length, 20_000);
    }
    for (const path of ['/', HANDSHAKE]) {
      assert.equal((await send(proxy.url + path, { from: '127.0.0.2' })).status, 429, path);
      assert.equal((await send(proxy.url + path, { from: '127.0.0.3' })).status, 200, path);
    }
  }, PATIENT);

  test('behind a load balancer the client is who the balancer says, by https', async (t) => {
    const { proxy } = await open(t, { balanced: true });
    const told = async (path) => {
      const { text } = await send(proxy.url + path, { headers: { 'x-forwarded-for': '198.51.100.1, 203.0.113.5', 'x-forwarded-proto': 'https' } });
      const { headers } = JSON.parse(text);
      return [headers['x-forwarded-for'], headers['x-forwarded-proto']];
    };
    for (const path of ['/', HANDSHAKE]) assert.deepEqual(await told(path), ['203.0.113.5', 'https'], path);
  });
});
