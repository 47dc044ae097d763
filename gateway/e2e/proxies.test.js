// The real nginx and Caddy, with the files of deploy/nginx and deploy/caddy, between the official client and the gateway.
import assert from 'node:assert/strict';
import { connect as dial } from 'node:net';
import { io } from 'socket.io-client';
import { startCaddy } from './harness/caddy.js';
import { runGateway, startGateway } from './harness/gateway.js';
import { deployedNginx, startNginx } from './harness/nginx.js';
import { ask, client, connect, connected, hears, join, person, refusal, say, token, transport, upgraded, words } from './harness/people.js';
import { freePort } from './harness/ports.js';
import { later, sideBySide, test } from './harness/test.js';
import { event, until, within } from './harness/waiting.js';
import { send, startWeb } from './harness/web.js';

const PATIENT = { timeout: 60_000 };

/** A gateway that relays without storing: what is stored has tests of its own. */
const relay = (t, env) => startGateway(t, { DATABASE_URL: 'none', ...env });

/** A gateway and a web app behind a proxy. `env` is the gateway's. */
async function behind(t, start, env) {
  const [gateway, web] = await Promise.all([relay(t, env), startWeb(t)]);
  const proxy = await start(t, { gateways: [gateway.host], web: web.host });
  return { gateway, web, proxy };
}

/** The status that answers a WebSocket handshake from that address. A granted one stays open. */
async function knock(t, proxy, from, headers = {}) {
  const { status, socket } = await send(`${proxy.url}/socket.io/?EIO=4&transport=websocket`, {
    from,
    headers: {
      connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13', 'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==', ...headers,
    },
  });
  if (socket) later(t, () => socket.on('error', () => {}).destroy());
  return status;
}

for (const [name, start] of [['nginx', startNginx], ['Caddy', startCaddy]]) {
  sideBySide(`behind ${name}`, () => {
    test('/socket.io/ goes to the gateway, with and without the slash, and everything else to the web app', async (t) => {
      const { web, proxy } = await behind(t, start);
      web.asked.length = 0; // but for the harness waiting
      for (const path of ['/socket.io/', '/socket.io', '/socket.io/?EIO=4&transport=nonsense']) {
        const { status, text } = await send(proxy.url + path);
        assert.deepEqual([status, JSON.parse(text)], [400, { code: 0, message: 'Transport unknown' }], path);
      }
      assert.deepEqual(web.asked, []);
      for (const path of ['/', '/socket.ios', '/socket_io/', '/api/socket.io/', '/healthz', '/rooms/1?a=%2F']) {
        const { status, text } = await send(proxy.url + path);
        assert.deepEqual([status, JSON.parse(text).path], [200, path]);
      }
    });

    test('the web app is told how it was called, with the port, and nothing that the client made up', async (t) => {
      const { proxy } = await behind(t, start);
      const forged = { 'x-forwarded-for': '203.0.113.1', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' };
      const { text } = await send(`${proxy.url}/api/rooms`, { method: 'POST', body: 'a room', headers: forged, from: '127.0.0.9' });
      const { method, body, headers } = JSON.parse(text);
      assert.deepEqual([method, body], ['POST', 'a room']);
      assert.deepEqual([headers.host, headers['x-forwarded-host'], headers['x-forwarded-proto'], headers['x-forwarded-for']],
        [proxy.host, proxy.host, 'http', '127.0.0.9']);
    });

    test('a page that streams appears as it is made', async (t) => {
      const { web, proxy } = await behind(t, start);
      const { text } = await send(`${proxy.url}/stream`, { onData: (sofar) => sofar === 'first, ' && web.finish() });
      assert.equal(text, 'first, and the rest');
    });

    test('large cookies pass, to the app, to the gateway and back', async (t) => {
      const { proxy } = await behind(t, start);
      const cookies = [1, 2, 3, 4].map((n) => `chunk.${n}=${'c'.repeat(3500)}`).join('; '); // Node reads 16 KiB of headers
      const { status, headers } = await send(`${proxy.url}/login`, { headers: { cookie: cookies } });
      assert.equal(status, 200);
      assert.equal(headers['set-cookie'].filter((cookie) => cookie.startsWith('chunk.')).length, 4);
      const more = Array.from({ length: 6 }, (_, n) => `chunk.${n}=${'c'.repeat(4000)}`).join('; ');
      const ann = client(t, proxy, { cookie: `${more}; token=${token(person('ann'))}`, unmodified: true });
      await connected(ann);
      await upgraded(ann);
    });

    test('io() without options begins with polling, goes on to a WebSocket, and chats', async (t) => {
      const { proxy } = await behind(t, start);
      const people = ['ann', 'bob'].map((as) => client(t, proxy, { as, unmodified: true, headers: { origin: proxy.url } }));
      const began = new Promise((resolve) => people[0].io.once('open', () => resolve(transport(people[0]))));
      for (const socket of people) {
        await upgraded(socket);
        await join(socket, 'lobby');
      }
      assert.equal(await began, 'polling');
      await say(people[0], 'lobby', `long ${'ü'.repeat(30_000)}`);
      await say(people[1], 'lobby', 'hello');
      for (const socket of people) await hears(socket, 'hello');
      assert.deepEqual(people.map((socket) => [socket.messages.length, socket.endings]), [[2, []], [2, []]]);
    });

    test('an idle socket outlives its heartbeats, on a WebSocket and on long-polling', async (t) => {
      const { proxy } = await behind(t, start, { POLLING: 'full', PING_INTERVAL: '300ms', PING_TIMEOUT: '5s' });
      const people = await Promise.all(['websocket', 'polling'].map((by) => connect(t, proxy, { as: 'ann', transports: [by] })));
      const pings = people.map(() => 0);
      people.forEach((socket, i) => socket.io.on('ping', () => pings[i]++));
      await until('ten heartbeats', () => Math.min(...pings) >= 10, 15_000);
      for (const socket of people) await join(socket, 'lobby');
      assert.deepEqual(people.map((socket) => socket.endings), [[], []]);
    });

    test("a page's Origin is compared with the host that the browser called", async (t) => {
      const { proxy } = await behind(t, start);
      await connect(t, proxy, { as: 'ann', headers: { origin: proxy.url } });
      assert.equal(await knock(t, proxy, '127.0.0.1', { origin: 'http://evil.example' }), 400);
      assert.equal(await knock(t, proxy, '127.0.0.1', { origin: 'http://evil.example', 'x-forwarded-host': 'evil.example' }), 400);
    });

    test("the gateway counts by the client's own address, which no client can forge", async (t) => {
      const { proxy } = await behind(t, start, { MAX_CONNECTIONS_PER_IP: 2 });
      const statuses = [];
      for (const from of ['127.0.0.2', '127.0.0.2', '127.0.0.2', '127.0.0.3']) statuses.push(await knock(t, proxy, from));
      assert.deepEqual(statuses, [101, 101, 503, 101]);
      for (const header of ['x-forwarded-for', 'forwarded', 'x-real-ip']) {
        assert.equal(await knock(t, proxy, '127.0.0.2', { [header]: '203.0.113.7' }), 503, header);
      }
    });

    test('while the gateway restarts the proxy answers 502, and everybody comes back by themselves', async (t) => {
      const PORT = await freePort();
      const { gateway, proxy } = await behind(t, start, { PORT });
      const people = await Promise.all(['websocket', 'polling'].map((by, i) => connect(t, proxy, { as: ['ann', 'bob'][i], transports: [by, 'websocket'], reconnect: true })));
      await Promise.all([...people.map((socket) => event(socket, 'disconnect', 10_000)), gateway.stop()]);
      assert.equal((await send(`${proxy.url}/socket.io/`)).status, 502);
      assert.equal((await send(proxy.url)).status, 200, 'pages are still there');
      await relay(t, { PORT });
      for (const socket of people) {
        await connected(socket, 15_000);
        await join(socket, 'lobby');
      }
      await say(people[0], 'lobby', 'again');
      await hears(people[1], 'again');
    }, PATIENT);

    test('while the web app is down the sockets go on', async (t) => {
      const { web, proxy } = await behind(t, start, { POLLING: 'full' });
      const [ann, bob] = await Promise.all(['websocket', 'polling'].map((by, i) => connect(t, proxy, { as: ['ann', 'bob'][i], transports: [by] })));
      await web.stop();
      assert.equal((await send(proxy.url)).status, 502);
      const cleo = await connect(t, proxy, 'cleo');
      for (const socket of [ann, bob, cleo]) await join(socket, 'lobby');
      await say(cleo, 'lobby', 'the pages are being deployed');
      for (const socket of [ann, bob, cleo]) await hears(socket, 'the pages are being deployed');
      assert.deepEqual([ann.endings, bob.endings], [[], []]);
    });

    test('while the proxy restarts nobody is lost for good', async (t) => {
      const { proxy } = await behind(t, start);
      const ann = await connect(t, proxy, { as: 'ann', reconnect: true });
      await Promise.all([event(ann, 'disconnect', 10_000), proxy.stop()]);
      await proxy.start();
      await connected(ann, 15_000);
      await join(ann, 'lobby');
    }, PATIENT);

    test('a reload leads new clients elsewhere, and the old ones may go on or come back', async (t) => {
      const { gateway, web, proxy } = await behind(t, start);
      const ann = await connect(t, proxy, { as: 'ann', reconnect: true });
      const other = await relay(t);
      await proxy.lead([other.host], web.host);
      await proxy.reload();
      const bob = await connect(t, proxy, 'bob');
      await join(bob, 'lobby');
      await gateway.stop();
      await until('the old client at the new gateway', () => ann.endings.length > 0 && ann.connected, 15_000);
      await join(ann, 'lobby');
      await say(ann, 'lobby', 'moved');
      await hears(bob, 'moved');
    }, PATIENT);

    test('https: pages, long-polling and WebSockets, and an Origin with https is of the same host', async (t) => {
      const tlsOnly = (start) => (t, options) => start(t, { ...options, tls: true });
      const { proxy } = await behind(t, tlsOnly(start));
      const page = await send(`${proxy.url}/chat`, { ca: proxy.ca });
      assert.equal(JSON.parse(page.text).headers['x-forwarded-proto'], 'https');
      const plain = await send(`${proxy.plainURL}/chat?a=b`);
      assert.equal(plain.status, 308);
      assert.match(plain.headers.location, /^https:\/\/localhost(:\d+)?\/chat\?a=b$/);

      const visit = (origin) => {
        const socket = io(proxy.url, { ca: proxy.ca, forceNew: true, reconnection: false, extraHeaders: { cookie: `token=${token(person('ann'))}`, origin } });
        later(t, () => socket.disconnect());
        return socket;
      };
      const ann = visit(proxy.url);
      await connected(ann);
      await upgraded(ann);
      assert.ok((await ask(ann, 'join_room', 'lobby')).ok);
      await refusal(visit('https://evil.example'));
    }, PATIENT);

    test('several gateways: long-polling sessions stay where they began, whether or not the client keeps cookies', async (t) => {
      const ADMIN = [await freePort(), await freePort()];
      const gateways = await Promise.all(ADMIN.map((port) => relay(t, { POLLING: 'full', PING_INTERVAL: '500ms', ADMIN_ADDR: `127.0.0.1:${port}` })));
      const connections = () => Promise.all(ADMIN.map(async (port) => {
        const { text } = await send(`http://127.0.0.1:${port}/metrics`);
        return Number(text.match(/^socketgate_connections (\d+)$/m)[1]);
      }));
      const web = await startWeb(t);
      const proxy = await start(t, { gateways: gateways.map((gateway) => gateway.host), web: web.host });

      const visitor = async (as) => {
        const [cookie] = (await send(`${proxy.url}/rooms`)).headers['set-cookie'];
        assert.match(cookie, /^route=[\w-]{32,}; Path=\/; HttpOnly; SameSite=Lax$/);
        return connect(t, proxy, { cookie: `token=${token(person(as))}; ${cookie.split(';')[0]}`, transports: ['polling'] });
      };
      const known = await send(`${proxy.url}/rooms`, { headers: { cookie: 'a=b; route=0123456789abcdef0123456789abcdef' } });
      assert.equal(known.headers['set-cookie'], undefined, 'who has the cookie keeps it');
      assert.equal((await send(`${proxy.url}/socket.io/`)).headers['set-cookie'], undefined, 'nor does one come with a poll');

      const visitors = await Promise.all(Array.from({ length: 40 }, (_, i) => visitor(`visitor-${i}`)));
      const spread = await connections();
      assert.equal(spread[0] + spread[1], 40);
      assert.ok(Math.min(...spread) >= 5, `they spread over both, though all come from one address: ${spread}`);

      const cookieless = await Promise.all(Array.from({ length: 5 }, (_, i) => connect(t, proxy, { as: `app-${i}`, transports: ['polling'] })));
      const walking = client(t, proxy, { as: 'walker', unmodified: true });
      await upgraded(walking);
      const everybody = [...visitors, ...cookieless, walking];
      const pings = everybody.map(() => 0);
      everybody.forEach((socket, i) => socket.io.on('ping', () => pings[i]++));
      await Promise.all(everybody.map((socket, i) => join(socket, `room-${i}`)));
      for (const round of [1, 2, 3]) await Promise.all(everybody.map((socket, i) => say(socket, `room-${i}`, `round ${round}`)));
      await until('heartbeats of everybody', () => Math.min(...pings) >= 3, 15_000);
      assert.deepEqual(everybody.filter((socket) => socket.endings.length > 0 || !socket.connected).length, 0);
    }, PATIENT);

    test('several gateways: clients of one that goes away are taken in by the other', async (t) => {
      const gateways = await Promise.all([relay(t, { POLLING: 'full' }), relay(t, { POLLING: 'full' })]);
      const web = await startWeb(t);
      const proxy = await start(t, { gateways: gateways.map((gateway) => gateway.host), web: web.host });
      const people = await Promise.all(Array.from({ length: 20 }, (_, i) =>
        connect(t, proxy, { cookie: `token=${token(person(`p${i}`))}; route=route-${i}`, transports: ['polling'], reconnect: true })));
      await gateways[0].stop();
      await until('everybody at the other', async () => {
        const { length } = people.filter((socket) => socket.connected);
        return length === people.length && people.some((socket) => socket.endings.length > 0);
      }, 15_000);
      await Promise.all(people.map((socket) => join(socket, 'lobby')));
      await say(people[0], 'lobby', 'all here');
      for (const socket of people) await hears(socket, 'all here');
    }, PATIENT);

    test('no log holds the id of a session or what a query says', async (t) => {
      const { gateway, proxy } = await behind(t, start, { POLLING: 'full' });
      const ann = await connect(t, proxy, { as: 'ann', transports: ['polling'] });
      await join(ann, 'lobby');
      const { id } = ann.io.engine;
      await send(`${proxy.url}/reset?token=of-a-reset-link`, { headers: { referer: `${proxy.url}/?token=of-a-reset-link` } });
      await Promise.all([event(ann, 'disconnect', 10_000), gateway.kill()]);
      const poll = `${proxy.url}/socket.io/?EIO=4&transport=polling&sid=${id}`;
      assert.equal((await send(poll, { headers: { referer: poll } })).status, 502);
      const logs = await until('a line about the poll that failed', async () => {
        const text = await proxy.logs();
        return /"\/socket\.io\/".*502|GET \/socket\.io\/" 502/.test(text) && text;
      });
      for (const secret of [id, 'of-a-reset-link']) assert.ok(!logs.includes(secret), logs);
    });

    test('who was here by https comes back by nothing else, but on localhost', async (t) => {
      const { gateway, web } = await behind(t, start);
      for (const gateways of [[gateway.host], [gateway.host, gateway.host]]) {
        const proxy = await start(t, { gateways, web: web.host, tls: true });
        const promise = async (url, host) => (await send(url, { ca: proxy.ca, headers: { host } })).headers['strict-transport-security'];
        for (const path of ['/', '/socket.io/']) assert.equal(await promise(proxy.url + path, 'chat.test'), 'max-age=31536000', path);
        assert.equal(await promise(proxy.url, proxy.host), undefined, 'it would hold for every port');
        assert.equal(await promise(proxy.plainURL, 'chat.test'), undefined);
        if (gateways.length > 1) assert.match(`${(await send(proxy.url, { ca: proxy.ca })).headers['set-cookie']}`, /^route=/);
      }
    });

    test('what is too large is refused, and reaches neither gateway nor app', async (t) => {
      const web = await startWeb(t);
      const proxy = await start(t, { gateways: [web.host], web: web.host });
      web.asked.length = 0;
      const post = (path, megabytes) =>
        send(proxy.url + path, { method: 'POST', body: Buffer.alloc(megabytes * 2 ** 20, 'x') }).then(({ status }) => status, ({ code }) => code);
      assert.deepEqual([await post('/socket.io/', 1), await post('/upload', 5)], [200, 200]);
      const refused = [await post('/socket.io/', 1.5), await post('/upload', 21)];
      for (const how of refused) assert.ok([413, 502, 'ECONNRESET', 'EPIPE'].includes(how), `${how}`); // Caddy 2.6 cuts off app and client
      const { status } = await send(proxy.url, { headers: { cookie: 'c'.repeat(200_000) } });
      assert.ok([400, 431].includes(status), `${status}`);
      assert.deepEqual(web.asked, ['/socket.io/', '/upload']);
    });

    test('who begins a request and never ends it is gone after 10 s', async (t) => {
      const { proxy } = await behind(t, start);
      const slow = dial(proxy.port, '127.0.0.1').on('error', () => {}).resume();
      later(t, () => slow.destroy());
      slow.write('GET / HTTP/1.1\r\nHost: chat.test\r\nX-Slow: ');
      await within(15_000, 'the end of it', new Promise((resolve) => slow.once('close', resolve)));
    });
  });
}

test('nginx is more patient than a heartbeat may be late, and takes in what the gateway takes', async () => {
  const { stdout } = await runGateway(['env']);
  const defaultOf = (name) => stdout.match(new RegExp(`\\| ${name} +\\| (\\S+)`))[1];
  const seconds = (text) => Number(text.match(/^(\d+)s$/)[1]);
  const dead = seconds(defaultOf('PING_INTERVAL')) + seconds(defaultOf('PING_TIMEOUT'));
  const files = await deployedNginx();
  const sockets = files['locations.conf'].split('location / {')[0];
  const directive = (name) => sockets.match(new RegExp(`^ +${name} (\\S+);`, 'm'))[1];
  for (const name of ['proxy_read_timeout', 'proxy_send_timeout']) assert.ok(seconds(directive(name)) > dead, name);
  const megabytes = Number(directive('client_max_body_size').match(/^(\d+)m$/)[1]);
  assert.ok(megabytes * 2 ** 20 >= Number(defaultOf('MAX_PAYLOAD')));
  assert.equal(directive('proxy_buffering'), 'off', 'the gateway sees who polls slowly');
  const format = files['limits.conf'].match(/^log_format (\w+) (.*);$/m);
  assert.ok(sockets.includes(`access_log /var/log/nginx/access.log ${format[1]} if=$notable;`), 'a poll that went well is in no log');
  assert.doesNotMatch(format[2], /\$(request|request_uri|args|query_string|http_referer)\b/, 'no session is in a log');
  assert.ok(sockets.includes(`location ~ ^${defaultOf('SOCKET_PATH').replace(/\/$/, '').replace('.', '\\.')}(/|$)`), 'SOCKET_PATH');
});
