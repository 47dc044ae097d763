// HTTP long-polling: how a client without options begins, and where POLLING=full lets one stay.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { createDatabase } from './harness/database.js';
import { startGateway } from './harness/gateway.js';
import { Speaker } from './harness/load.js';
import { ask, client, connect, connected, hears, join, refusal, say, sees, transport, upgraded, words } from './harness/people.js';
import { freePort } from './harness/ports.js';
import { holdUpgrades } from './harness/proxy.js';
import { sideBySide, test } from './harness/test.js';
import { event, until, within } from './harness/waiting.js';

const ids = (messages) => messages.map((message) => message.id);

/** A client of an app that writes io(url), once it is on a WebSocket. */
async function arrive(t, gateway, as, options) {
  const socket = client(t, gateway, { as, unmodified: true, ...options });
  await connected(socket);
  await upgraded(socket);
  return socket;
}

sideBySide('long-polling', () => {
  test('POLLING=upgrade lets nobody stay with polling for longer than 10 s; POLLING=full does', async (t) => {
    const [strict, full] = [await startGateway(t), await startGateway(t, { POLLING: 'full' })];
    const polling = (gateway, as) => connect(t, gateway, { as, transports: ['polling'] });
    const stays = await polling(full, 'ann');
    const begun = performance.now();
    const goes = await polling(strict, 'ann');
    await join(goes, 'lobby');
    const [reason] = await event(goes, 'disconnect', 20_000);
    const lasted = performance.now() - begun;
    assert.equal(reason, 'transport close', 'after which an official client comes back by itself');
    assert.ok(lasted > 9_500, `closed after ${Math.round(lasted)} ms`);
    assert.ok(stays.connected);
    await join(stays, 'lobby');
    await say(stays, 'lobby', 'still polling');
    assert.equal(transport(stays), 'polling');
  });

  test('io() without options begins with polling, goes on to a WebSocket, and chats', async (t) => {
    const gateway = await startGateway(t);
    const ann = client(t, gateway, { as: 'ann', unmodified: true });
    const began = new Promise((resolve) => ann.io.once('open', () => resolve(transport(ann))));
    await connected(ann);
    assert.equal(await began, 'polling');
    await upgraded(ann);
    const bob = await arrive(t, gateway, 'bob');
    for (const socket of [ann, bob]) await join(socket, 'lobby');
    await say(ann, 'lobby', 'hello');
    await say(bob, 'lobby', 'good morning');
    for (const socket of [ann, bob]) {
      await hears(socket, 'good morning');
      assert.deepEqual(socket.messages.map(({ text, user }) => [text, user.username]), [[words('hello'), 'ann'], [words('good morning'), 'bob']]);
      assert.deepEqual(socket.endings, []);
    }
  });

  test('the whole contract holds for clients that begin with polling', async (t) => {
    const gateway = await startGateway(t);
    const stranger = client(t, gateway, { cookie: 'token=nonsense', unmodified: true });
    assert.equal((await refusal(stranger)).message, 'Authentication error');
    assert.equal(stranger.active, false, 'the client must not try again by itself');

    const [ann, tab, bob] = await Promise.all(['ann', 'ann', 'bob'].map((as) => arrive(t, gateway, as)));
    for (const socket of [ann, tab, bob]) assert.ok((await join(socket, 'lobby')).success);
    await sees(bob, ['ann', 'bob']);
    assert.equal((await ask(bob, 'send_message', { roomId: 'kitchen', text: words('not there') })).code, 'not_in_room');

    const stored = await say(ann, 'lobby', 'it is me', { userId: 'id-of-bob', user: { username: 'bob' }, tempId: 7 });
    const heard = await hears(bob, 'it is me');
    assert.deepEqual(heard, stored);
    assert.deepEqual([heard.userId, heard.user.username, heard.tempId], ['id-of-ann', 'ann', 7]);
    assert.deepEqual((await gateway.database.messages('lobby')).map((row) => [row.id, row.plaintext]), [[stored.id, words('it is me')]]);

    await join(bob, 'kitchen'); // and no ghost of him stays in the lobby
    await sees(ann, ['ann']);
    await say(ann, 'lobby', 'where is bob?');
    await say(bob, 'kitchen', 'here');
    await hears(bob, 'here');
    assert.deepEqual(bob.messages.map((message) => message.text), [words('it is me'), words('here')]);

    await join(bob, 'lobby');
    tab.disconnect();
    await sees(bob, ['ann', 'bob']);
    ann.disconnect();
    await sees(bob, ['bob']);
  });

  test('POLLING=full: 200 messages each way arrive in order, none lost or doubled', async (t) => {
    const gateway = await startGateway(t, { POLLING: 'full', RATE_LIMIT: 0, PING_INTERVAL: '300ms' });
    const people = await Promise.all(['ann', 'bob'].map((as) => connect(t, gateway, { as, transports: ['polling'] })));
    let pings = 0;
    for (const socket of people) {
      socket.io.on('ping', () => pings++);
      await join(socket, 'lobby');
    }
    const numbers = Array.from({ length: 200 }, (_, i) => i);
    await Promise.all(people.map((socket, p) => Promise.all(numbers.map((i) => say(socket, 'lobby', `${p} ${i}`)))));
    await say(people[0], 'lobby', `Grüße 👩‍🚀 ${'ü'.repeat(30_000)}`);
    await until('all messages', () => people.every((socket) => socket.messages.length >= 401), 15_000);
    const rows = await gateway.database.messages('lobby');
    for (const socket of people) {
      assert.deepEqual(ids(socket.messages), ids(rows));
      assert.equal(socket.messages.at(-1).text, rows.at(-1).plaintext);
      for (const p of [0, 1]) {
        const of = rows.slice(0, 400).filter((row) => row.plaintext.startsWith(`${p} `));
        assert.deepEqual(of.map((row) => row.plaintext), numbers.map((i) => words(`${p} ${i}`)));
      }
    }
    await until('heartbeats', () => pings >= 6);
    assert.deepEqual(people.map((socket) => [transport(socket), socket.connected, socket.endings]), [['polling', true, []], ['polling', true, []]]);
  });

  test('POLLING=off refuses io() without options, and the log says which option and which variable mend it', async (t) => {
    const gateway = await startGateway(t, { POLLING: 'off' });
    const error = await refusal(client(t, gateway, { as: 'ann', unmodified: true }));
    assert.equal(error.type, 'TransportError');
    const { status, body } = await gateway.get('/socket.io/?EIO=4&transport=polling');
    assert.deepEqual([status, JSON.parse(body)], [400, { code: 0, message: 'Transport unknown' }]);
    const hint = await until('the hint', () => gateway.entries().find((entry) => entry.msg.includes('POLLING=off')));
    assert.match(hint.msg, /transports: \["websocket"\]/);
    assert.equal(gateway.entries().filter((entry) => entry.msg.includes('POLLING=off')).length, 1, 'once a minute is enough');
    await connect(t, gateway, 'ann');
  });

  test('what is said while clients upgrade is neither lost nor doubled', async (t) => {
    const gateway = await startGateway(t, { RATE_LIMIT: 0, POLLING: 'full' }); // they are held for as long as the machine takes
    const speakers = [];
    for (const name of ['ann', 'bob', 'cid']) {
      const socket = await connect(t, gateway, name);
      await join(socket, 'lobby');
      speakers.push(new Speaker(name, socket, 'lobby', 4));
    }
    for (const speaker of speakers) speaker.start();

    const proxy = await holdUpgrades(t, gateway);
    const newcomers = Array.from({ length: 40 }, (_, i) => {
      const socket = client(t, proxy, { as: `guest ${i}`, unmodified: true });
      socket.once('connect', async () => {
        await join(socket, 'lobby');
        socket.since = speakers.map((speaker) => speaker.said);
      });
      return socket;
    });
    await until('the newcomers', () => newcomers.every((socket) => socket.since && socket.messages.length >= 20), 60_000);
    assert.ok(newcomers.every((socket) => transport(socket) === 'polling'));
    proxy.release();
    await Promise.all(newcomers.map(async (socket, i) => {
      for (let n = 0; n < 5; n++) await say(socket, 'lobby', `guest ${i} greets ${n}`);
    }));
    await Promise.all(newcomers.map((socket) => upgraded(socket)));
    const enough = speakers.map((speaker) => speaker.said + 20);
    await until('more messages', () => speakers.every((speaker, i) => speaker.acked.size > enough[i]), 15_000);
    for (const speaker of speakers) speaker.stop();
    await until('the last acks', () => speakers.every((speaker) => speaker.waiting === 0), 15_000);
    await say(speakers[0].socket, 'lobby', 'the end');
    await Promise.all(newcomers.map((socket) => hears(socket, 'the end', 15_000)));

    const rows = await gateway.database.messages('lobby');
    for (const [i, socket] of newcomers.entries()) {
      const heard = ids(socket.messages);
      assert.deepEqual(heard, ids(rows).slice(-heard.length), `guest ${i}: all in order, without a gap, to the end`);
      const texts = new Set(socket.messages.map((message) => message.text));
      for (const [s, speaker] of speakers.entries()) {
        assert.ok(texts.has(words(`${speaker.name} ${socket.since[s]}`)), `guest ${i}: the first that ${speaker.name} said after the ack of the join`);
      }
      const greetings = rows.map((row) => row.plaintext).filter((text) => text.startsWith(`guest ${i} greets`));
      assert.deepEqual(greetings, [0, 1, 2, 3, 4].map((n) => words(`guest ${i} greets ${n}`)));
      assert.deepEqual(socket.endings, []);
    }
  }, { timeout: 90_000 });

  for (const [how, end] of Object.entries({ 'SIGTERM': (gateway) => gateway.stop(), 'kill -9': (gateway) => gateway.kill() })) {
    test(`${how}: clients without options come back to the next gateway by themselves, and go on`, async (t) => {
      const database = await createDatabase(t);
      const env = { PORT: await freePort() };
      const first = await startGateway(t, env, { database });
      const people = await Promise.all(['ann', 'bob', 'cid'].map((as) => arrive(t, first, as)));
      for (const socket of people) {
        await join(socket, 'lobby');
        socket.on('connect', () => socket.emit('join_room', 'lobby')); // as apps do
      }
      const gone = people.map((socket) => event(socket, 'disconnect', 10_000));
      await end(first);
      await Promise.all(gone);
      await startGateway(t, env, { database });
      for (const socket of people) {
        await upgraded(socket, 20_000);
        await sees(socket, ['ann', 'bob', 'cid'], 20_000);
      }
      await say(people[0], 'lobby', 'so we meet again');
      for (const socket of people) {
        await hears(socket, 'so we meet again');
        assert.equal(socket.messages.length, 1);
        assert.deepEqual(socket.endings, ['transport close']);
      }
    }, { timeout: 60_000 });
  }

  test('SIGTERM does not wait for requests that poll, and tells them', async (t) => {
    const gateway = await startGateway(t, { POLLING: 'full' });
    const people = await Promise.all(['ann', 'bob'].map((as) => connect(t, gateway, { as, transports: ['polling'] })));
    for (const socket of people) await join(socket, 'lobby');
    const gone = people.map((socket) => event(socket, 'disconnect', 10_000));
    const begun = performance.now();
    assert.deepEqual(await gateway.stop(), { code: 0, signal: null });
    assert.ok(performance.now() - begun < 5_000, 'nothing was left to wait for');
    for (const [reason] of await Promise.all(gone)) assert.equal(reason, 'transport close');
  });
});

sideBySide('CORS', () => {
  const HANDSHAKE = '/socket.io/?EIO=4&transport=polling';

  /** The answer to a request as a browser makes it for a page of that origin. */
  function fromPage(gateway, origin, { method = 'GET', path = HANDSHAKE, headers = {} } = {}) {
    return within(5_000, 'the answer', new Promise((resolve, reject) => {
      request(gateway.url + path, { method, headers: { ...headers, ...(origin && { origin }) } }, (response) => {
        response.resume().once('end', () => resolve({ status: response.statusCode, headers: response.headers }));
      }).once('error', reject).end();
    }));
  }

  test("ALLOWED_ORIGINS lets the listed pages read answers, with the visitor's cookie, and no others", async (t) => {
    const gateway = await startGateway(t, { ALLOWED_ORIGINS: 'https://app.example,https://www.app.example' });
    for (const origin of ['https://app.example', 'https://www.app.example']) {
      const { status, headers } = await fromPage(gateway, origin);
      assert.equal(status, 200);
      assert.equal(headers['access-control-allow-origin'], origin);
      assert.equal(headers['access-control-allow-credentials'], 'true');
      assert.match(headers.vary, /Origin/);
    }
    const unknown = await fromPage(gateway, 'https://app.example', { path: `${HANDSHAKE}&sid=none` });
    assert.deepEqual([unknown.status, unknown.headers['access-control-allow-origin']], [400, 'https://app.example'], 'an error can be read too');
    for (const origin of ['https://evil.example', 'https://app.example.evil.example', 'http://app.example', 'null']) {
      const { status, headers } = await fromPage(gateway, origin);
      assert.equal(status, 403, origin);
      assert.equal(headers['access-control-allow-origin'], undefined, origin);
    }
    const { status, headers } = await fromPage(gateway, undefined);
    assert.equal(status, 200);
    assert.equal(headers['access-control-allow-origin'], undefined);
  });

  test('a preflight is answered without a session', async (t) => {
    const gateway = await startGateway(t, { ALLOWED_ORIGINS: 'https://app.example' });
    const preflight = { method: 'OPTIONS', headers: { 'access-control-request-method': 'POST', 'access-control-request-headers': 'x-app' } };
    const { status, headers } = await fromPage(gateway, 'https://app.example', preflight);
    assert.equal(status, 204);
    assert.equal(headers['access-control-allow-origin'], 'https://app.example');
    assert.equal(headers['access-control-allow-credentials'], 'true');
    assert.equal(headers['access-control-allow-headers'], 'x-app');
    assert.match(headers['access-control-allow-methods'], /\bPOST\b/);
    assert.equal((await fromPage(gateway, 'https://evil.example', preflight)).headers['access-control-allow-origin'], undefined);
  });

  test('without ALLOWED_ORIGINS there are no CORS headers', async (t) => {
    const gateway = await startGateway(t);
    for (const origin of [undefined, gateway.url, 'https://evil.example']) {
      const { headers } = await fromPage(gateway, origin);
      assert.deepEqual(Object.keys(headers).filter((name) => name.startsWith('access-control-')), [], origin);
    }
  });

  test('an official client of a listed page chats, and one of another is refused', async (t) => {
    const gateway = await startGateway(t, { ALLOWED_ORIGINS: 'https://app.example' });
    const ann = await arrive(t, gateway, 'ann', { headers: { origin: 'https://app.example' } });
    await join(ann, 'lobby');
    await say(ann, 'lobby', 'from afar');
    await refusal(client(t, gateway, { as: 'ann', unmodified: true, headers: { origin: 'https://evil.example' } }));
  });
});
