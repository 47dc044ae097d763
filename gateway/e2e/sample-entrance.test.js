// Who gets into the sample app, for how long, and what its pages may do. Without a proxy where the test is the proxy.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { openForm } from './harness/forms.js';
import { APP } from './harness/nextjs-build.js';
import { startNginx } from './harness/nginx.js';
import { LOGIN_PASSWORD, newcomer, startApp } from './harness/nextjs.js';
import { shared, sideBySide, test } from './harness/test.js';
import { until } from './harness/waiting.js';

const PATIENT = { timeout: 100_000 };
const bcrypt = createRequire(`${APP}/package.json`)('bcrypt');

/** Accounts of those names, whose password is cheap to check. */
async function createAccounts(app, names) {
  const hash = await bcrypt.hash(LOGIN_PASSWORD, 4);
  await app.database.query('INSERT INTO "User" (id, username, password) SELECT name, name, $1 FROM unnest($2::text[]) name', [hash, names]);
}

const count = (answers, text) => answers.filter(({ said }) => said === text).length;
const from = (address) => ({ 'x-forwarded-for': address });

sideBySide('the entrance of the sample app', () => {
  const theApp = shared((t) => startApp(t, startNginx)); // for tests with people and addresses of their own

  test('who has many addresses can’t guess one account’s password fast, whether or not there is one', async (t) => {
    const app = await startApp(t, startNginx);
    await createAccounts(app, ['maya', 'jonas']);
    const login = await openForm(app.web, '/login');
    for (const [name, place] of [['maya', 1], ['nobody', 2]]) {
      const answers = await Promise.all(Array.from({ length: 22 }, (_, i) => login(name, `guess ${i}`, from(`192.0.${place}.${i}`))));
      assert.deepEqual([count(answers, 'don’t match'), count(answers, 'Too many tries')], [20, 2], name);
    }
    assert.equal((await login('maya', LOGIN_PASSWORD, from('192.0.3.1'))).said, 'Too many tries', 'the right one neither');
    assert.equal((await login('jonas', LOGIN_PASSWORD, from('192.0.3.1'))).status, 303);
  }, PATIENT);

  test('an IPv6 network is one guesser, an IPv4 address another, and what a client makes up is neither', async (t) => {
    const app = await theApp();
    const login = await openForm(app.web, '/login');
    const guesses = async (address) => {
      const answers = await Promise.all(Array.from({ length: 22 }, (_, i) => login(`${address.replace(/\W/g, '')}-${i}`.slice(-20), 'a guess', from(address.replace('*', i)))));
      return count(answers, 'Too many tries');
    };
    assert.equal(await guesses('2001:db8:0:7:*::1'), 2);
    assert.equal((await login('me', 'a guess', from('2001:0DB8:0::7:0:0:9'))).said, 'don’t match', 'another network: 2001:db8:0:0');
    assert.equal((await login('me', 'a guess', from('2001:0DB8:0000:0007::9'))).said, 'Too many tries');
    assert.equal(await guesses('198.51.100.*, 203.0.113.9'), 2, 'only what the proxy saw itself counts');
    assert.equal((await login('me', 'a guess', from('::ffff:203.0.113.10'))).said, 'don’t match');
  }, PATIENT);

  test('60 people of an office behind one address log in within a moment', async (t) => {
    const app = await startApp(t, startNginx);
    const names = Array.from({ length: 60 }, (_, i) => `person-${i}`);
    await createAccounts(app, names);
    const login = await openForm(app.url, '/login');
    for (let i = 0; i < names.length; i += 10) {
      const answers = await Promise.all(names.slice(i, i + 10).map((name) => login(name, LOGIN_PASSWORD)));
      for (const { status, cookie } of answers) assert.deepEqual([status, /^token=eyJ/.test(cookie)], [303, true]);
    }
  }, PATIENT);

  test('one address makes 30 accounts an hour', async (t) => {
    const app = await startApp(t, startNginx);
    const register = await openForm(app.web, '/register');
    const made = await Promise.all(Array.from({ length: 31 }, (_, i) => register(`person-${i}`, LOGIN_PASSWORD, from('192.0.2.1'))));
    assert.deepEqual([made.filter(({ status }) => status === 303).length, count(made, 'Too many new accounts')], [30, 1]);
    assert.equal((await register('person-0', LOGIN_PASSWORD, from('192.0.2.2'))).said, 'That name is taken');
  }, PATIENT);

  test('who comes while 32 passwords are being checked is asked to come again', async (t) => {
    const app = await startApp(t, startNginx, { env: { PASSWORD_COST: 17 } }); // some seconds each
    const login = await openForm(app.web, '/login');
    const answers = [];
    for (let i = 0; i < 40; i++) login(`stranger-${i}`, 'a guess', from(`192.0.2.${i}`)).then((answer) => answers.push(answer.said), () => {});
    await until('those who are too many', () => answers.length >= 8, 30_000);
    assert.deepEqual(answers, Array(8).fill('Many people are logging in'));
  }, PATIENT);

  test('a login ends by logging out, for a copied cookie too, and another login of the same person goes on', async (t) => {
    const app = await startApp(t, startNginx);
    const maya = await newcomer(t, app, 'maya');
    const [{ value }] = await maya.context.cookies();
    const rooms = async (token) => (await fetch(`${app.url}/api/rooms`, { headers: { cookie: `token=${token}` } })).status;
    const elsewhere = (await (await openForm(app.url, '/login'))('maya', LOGIN_PASSWORD)).cookie.match(/^token=([^;]+)/)[1];
    assert.deepEqual([await rooms(value), await rooms(elsewhere)], [200, 200]);
    await maya.page.getByRole('button', { name: 'Log out' }).click();
    await maya.page.getByRole('heading', { name: 'Welcome back' }).waitFor();
    assert.deepEqual([await rooms(value), await rooms(elsewhere)], [401, 200]);
    const [header, payload] = elsewhere.split('.').map((part) => Buffer.from(part, 'base64url').toString());
    const { jti, iat, userId } = JSON.parse(payload);
    const [row] = await app.database.query('SELECT id, "userId", extract(epoch FROM "createdAt")::int AS iat FROM "Session"');
    assert.deepEqual(row, { id: jti, userId, iat }, `of ${header}`); // what the gateway can ask for by one line of SQL
  }, PATIENT);

  test('in production the cookie goes by https only, whatever a proxy behind the load balancer says, but on localhost', async (t) => {
    const app = await theApp();
    await createAccounts(app, ['paula']);
    const secure = async (site, headers, env = app) => {
      const { cookie } = await (await openForm(env.web, '/login'))('paula', LOGIN_PASSWORD, { 'x-forwarded-host': site, ...headers, origin: `http://${site}` });
      assert.match(cookie, /^token=eyJ.*; HttpOnly; SameSite=lax/i);
      return /; Secure/i.test(cookie);
    };
    assert.equal(await secure('chat.example', { 'x-forwarded-proto': 'http' }), true);
    assert.equal(await secure('chat.example', { 'x-forwarded-proto': 'https' }), true);
    assert.equal(await secure('localhost:8080', { 'x-forwarded-proto': 'http' }), false);
    assert.equal(await secure('localhost:8080', { 'x-forwarded-proto': 'https' }), true);
    const plain = await startApp(t, startNginx, { env: { COOKIE_SECURE: 'false' } });
    await createAccounts(plain, ['paula']);
    assert.equal(await secure('chat.example', { 'x-forwarded-proto': 'http' }, plain), false);
  }, PATIENT);

  test('by https with a cookie that no neighbour can set, people log in, chat and log out', async (t) => {
    const app = await startApp(t, startNginx, { tls: true, env: { TOKEN_COOKIE: '__Host-token' } });
    const maya = await newcomer(t, app, 'maya');
    const [{ name, secure, httpOnly, path }] = await maya.context.cookies();
    assert.deepEqual([name, secure, httpOnly, path], ['__Host-token', true, true, '/']);
    await maya.opens('Kitchen table');
    await maya.says('hello');
    await until('a WebSocket', () => maya.traffic.sent.includes('5'), 10_000);
    await maya.page.getByRole('button', { name: 'Log out' }).click();
    await maya.page.getByRole('heading', { name: 'Welcome back' }).waitFor();
    assert.deepEqual(await maya.context.cookies(), []);
  }, PATIENT);

  test('what another site’s page sends changes nothing', async (t) => {
    const app = await theApp();
    await createAccounts(app, ['neil']);
    const login = await openForm(app.url, '/login');
    const host = new URL(app.url).host;
    const neighbours = ['https://evil.example', 'null', '', `http://${host}0`, `http://${host}.evil.example`, 'http://localhost', host];
    for (const origin of neighbours) {
      assert.equal((await login('neil', LOGIN_PASSWORD, { origin })).status, 403, origin);
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        assert.equal((await fetch(`${app.url}/api/rooms`, { method, headers: { origin } })).status, 403, `${method} ${origin}`);
      }
    }
    assert.equal((await fetch(`${app.url}/api/rooms`, { method: 'POST', headers: { origin: app.url } })).status, 405, 'a page of its own may ask');
    assert.equal((await login('neil', LOGIN_PASSWORD)).status, 303);
  }, PATIENT);

  test('every answer tells browsers what they must not do, and every script of a page has that page’s nonce', async (t) => {
    const app = await theApp();
    const nonces = new Set();
    for (const path of ['/login', '/register?next=%2Frooms', '/nonsense', '/rooms', '/api/rooms', '/icon.svg']) {
      const response = await fetch(app.url + path, { redirect: 'manual', headers: { 'x-nonce': 'forged', 'content-security-policy': "script-src 'nonce-forged'" } });
      const told = Object.fromEntries(response.headers);
      assert.deepEqual([told['x-content-type-options'], told['referrer-policy'], told['x-frame-options']], ['nosniff', 'same-origin', 'DENY'], path);
      assert.match(told['permissions-policy'], /camera=\(\), microphone=\(\)/, path);
      if (response.status === 307) continue; // nothing to show
      const policy = Object.fromEntries(told['content-security-policy'].split('; ').map((rule) => rule.split(/ (.*)/)));
      const [, nonce] = policy['script-src'].match(/^'self' 'nonce-([\w+/=]{24})' 'strict-dynamic'$/);
      assert.ok(!nonces.has(nonce) && nonces.add(nonce), 'a nonce is for one page');
      assert.equal(policy['connect-src'], `'self' ws://${new URL(app.url).host}`);
      assert.deepEqual([policy['default-src'], policy['base-uri'], policy['frame-ancestors'], policy['form-action']], ["'none'", "'none'", "'none'", "'self'"]);
      assert.doesNotMatch(told['content-security-policy'], /unsafe|\*|http:|https:/);
      const scripts = [...(await response.text()).matchAll(/<script\b[^>]*>/g)].map(([tag]) => tag);
      if (told['content-type'].startsWith('text/html')) assert.ok(scripts.length > 3, path);
      for (const tag of scripts) assert.ok(tag.includes(`nonce="${nonce}"`), `${path}: ${tag}`);
    }
  }, PATIENT);

  test('what was smuggled into a page neither runs nor tells anybody', async (t) => {
    const app = await theApp();
    const olga = await newcomer(t, app, 'olga');
    const reached = await olga.page.evaluate(async () => {
      const box = document.createElement('div');
      box.innerHTML = '<img src="/nowhere.png" onerror="window.smuggled = true"><a href="javascript:window.smuggled = true">x</a><style>body { color: red }</style>'
        + '<iframe srcdoc="<script>parent.smuggled = true</script>"></iframe>';
      document.body.append(box);
      box.querySelector('a').click();
      const over = (selector, event) => new Promise((resolve) => box.querySelector(selector).addEventListener(event, () => setTimeout(resolve)));
      await Promise.all([over('img', 'error'), over('iframe', 'load')]);
      return fetch('http://127.0.0.2:9/', { mode: 'no-cors' }).then(() => 'reached', (failure) => failure.name);
    });
    assert.deepEqual([await olga.page.evaluate(() => window.smuggled), reached], [undefined, 'TypeError']);
    const blocked = olga.complaints.filter((complaint) => /Content Security Policy/.test(complaint)).join('\n');
    for (const rule of ['script-src', 'style-src', 'connect-src']) assert.match(blocked, new RegExp(rule));
    olga.forgives(/Content Security Policy|Failed to load resource/);
  }, PATIENT);
});
