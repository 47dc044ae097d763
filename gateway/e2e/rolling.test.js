// Gateways that are one are restarted one after the other behind the real nginx and Caddy, with the files of deploy/.
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import { startCaddy } from './harness/caddy.js';
import { createDatabase } from './harness/database.js';
import { startGateway } from './harness/gateway.js';
import { startNginx } from './harness/nginx.js';
import { ask, client, connected, hears, join, person, token, words } from './harness/people.js';
import { freePort } from './harness/ports.js';
import { startRedis } from './harness/redis.js';
import { test } from './harness/test.js';
import { until } from './harness/waiting.js';
import { startWeb } from './harness/web.js';

for (const [name, start] of [['nginx', startNginx], ['Caddy', startCaddy]]) {
  test(`behind ${name} a rolling restart loses no message and no session, and nobody waits for long`, async (t) => {
    const [redis, database, web] = [await startRedis(t), await createDatabase(t), await startWeb(t)];
    const ports = [await freePort(), await freePort()];
    const begin = (PORT) => startGateway(t, { REDIS_URL: redis.url, RATE_LIMIT: 0, PORT }, { database });
    const gateways = await Promise.all(ports.map(begin));
    const proxy = await start(t, { gateways: gateways.map(({ host }) => host), web: web.host });

    const people = await Promise.all(Array.from({ length: 12 }, async (_, i) => {
      const socket = client(t, proxy, {
        cookie: `token=${token(person(`person-${i}`))}; route=route-${i}`, reconnect: true, transports: i % 2 ? ['websocket'] : ['polling', 'websocket'],
      });
      const began = performance.now();
      socket.recoveries = [];
      socket.latest = 0; // how old the oldest message was when it came, in milliseconds
      socket.on('connect', () => socket.recoveries.push(socket.recovered));
      socket.on('receive_message', ({ createdAt }) => (socket.latest = Math.max(socket.latest, Date.now() - Date.parse(createdAt))));
      await connected(socket);
      await join(socket, 'lobby');
      socket.took = performance.now() - began; // to come in
      return socket;
    }));

    const [speaker] = people;
    let said = 0;
    let speaking = true;
    const talk = (async () => {
      while (speaking) {
        const message = { roomId: 'lobby', text: words(`message ${said}`), tempId: `id-${said}` };
        const ack = await ask(speaker, 'send_message', message).catch(() => undefined);
        if (ack?.ok) said++;
      }
    })();
    for (const [i, port] of ports.entries()) {
      const before = said;
      await gateways[i].stop();
      await until('everybody back', () => people.every((socket) => socket.connected), 10_000);
      gateways[i] = await begin(port);
      await until('more said', () => said > before + 5, 10_000);
      await pause(1_100); // the proxies leave out for a second what they could not reach
    }
    speaking = false;
    await talk;
    const most = Math.max(2_000, 10 * Math.max(...people.map(({ took }) => took))); // a slow machine takes its time for coming in, too
    const wanted = Array.from({ length: said }, (_, i) => words(`message ${i}`));
    for (const socket of people) {
      await hears(socket, `message ${said - 1}`);
      assert.deepEqual(socket.messages.map(({ text }) => text), wanted);
      assert.ok(socket.recoveries.slice(1).every(Boolean), `recovered: ${socket.recoveries}`);
      assert.ok(socket.latest < most, `a message came after ${socket.latest} ms, where ${most} ms are no long wait`);
    }
    assert.ok(people.some((socket) => socket.recoveries.length > 1), 'somebody has moved');
  }, { timeout: 90_000 });
}
