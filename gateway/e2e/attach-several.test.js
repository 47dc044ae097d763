// Several processes of an app at one gateway, and one process at several gateways.
import assert from 'node:assert/strict';
import { startRedis } from './harness/redis.js';
import { ask, startApp, startAttachable, visit } from './harness/attached.js';
import { test } from './harness/test.js';
import { until } from './harness/waiting.js';

/** People of both processes, each with a name in socket.data, and what they hear. */
async function people(t, gateways, count = 6) {
  const all = await Promise.all(Array.from({ length: count }, (_, i) => visit(t, gateways[i % gateways.length], { auth: { token: `p${i}` } })));
  for (const [i, one] of all.entries()) {
    one.heard = [];
    one.on('news', (n) => one.heard.push(n));
    one.on('question', (answer) => answer(`p${i}`));
    await ask(one, 'keep', { name: `p${i}` });
    await ask(one, 'join', 'a');
    one.pid_ = (await ask(one, 'who')).pid;
  }
  return all;
}

async function areOne(all) {
  const names = all.map((_, i) => `p${i}`).sort();
  all[0].emit('emit', 'a', 'news', 1);
  await until('the news', () => all.every((one) => one.heard.length === 1));
  assert.deepEqual(await ask(all[0], 'ask everybody'), names);
  assert.deepEqual((await ask(all[0], 'fetch', 'a')).map(([, name]) => name).sort(), names);
  all[1].emit('move', 'a', 'b');
  await until('all in b', async () => (await ask(all[0], 'fetch', 'b')).length === all.length);
  await Promise.all(all.map((one) => ask(one, 'who'))); // each gateway has the joins of each process before its answer
  all[0].emit('emit', 'b', 'news', 2);
  await until('the news', () => all.every((one) => one.heard.length === 2));
  const last = all.at(-1);
  all[0].emit('kick', `user:p${all.length - 1}`, true);
  await until('the kick', () => last.endings.length === 1);
}

test('two processes of an app share a gateway\'s clients and are one server, without an adapter', async (t) => {
  const gateway = await startAttachable(t);
  const [one, two] = [await startApp(t, gateway), await startApp(t, gateway)];
  const all = await people(t, [gateway]);
  assert.deepEqual(new Set(all.map((each) => each.pid_)), new Set([one.pid, two.pid]));
  assert.deepEqual(await ask(all[0], 'ask servers'), [one.pid, two.pid].filter((pid) => pid !== all[0].pid_));
  const local = all.filter((each) => each.pid_ === all[0].pid_);
  all[0].emit('local', 'news', 0);
  await until('the local news', () => local.every((each) => each.heard.length === 1));
  assert.ok(all.every((each) => local.includes(each) || each.heard.length === 0));
  for (const each of all) each.heard.length = 0;
  await areOne(all);
});

test('when one of two processes ends, the other takes its clients', async (t) => {
  const gateway = await startAttachable(t);
  const [one, two] = [await startApp(t, gateway), await startApp(t, gateway)];
  const all = await people(t, [gateway]);
  await one.kill('SIGTERM');
  for (const each of all) assert.equal((await ask(each, 'who')).pid, two.pid);
  assert.ok(all.every((each) => each.endings.length === 0 && each.known.length === 1));
});

test('one process has the clients of two gateways', async (t) => {
  const first = await startAttachable(t);
  const second = await startAttachable(t, { ATTACH_KEY: first.key });
  await startApp(t, [first, second]);
  await areOne(await people(t, [first, second]));
});

test('two processes at two gateways are one server', async (t) => {
  const first = await startAttachable(t);
  const second = await startAttachable(t, { ATTACH_KEY: first.key });
  await startApp(t, [first, second]);
  await startApp(t, [first, second]);
  await areOne(await people(t, [first, second], 8));
});

test('an app with the Redis adapter keeps it: broadcasts reach each client once', async (t) => {
  const redis = await startRedis(t);
  const gateway = await startAttachable(t);
  const env = { APP_REDIS: redis.url };
  const [one, two] = [await startApp(t, gateway, env), await startApp(t, gateway, env)];
  const all = await people(t, [gateway]);
  assert.equal(new Set(all.map((each) => each.pid_)).size, 2, `${one.pid} and ${two.pid}`);
  await areOne(all);
  assert.ok(all.every((each) => each.heard.length === 2));
});
