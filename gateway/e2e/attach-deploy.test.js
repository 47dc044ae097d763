// A deploy of the app drops nobody: by SIGTERM, as every platform does it, and by SIGKILL.
import assert from 'node:assert/strict';
import { ask, startApp, startAttachable, visit } from './harness/attached.js';
import { test } from './harness/test.js';
import { until } from './harness/waiting.js';

for (const signal of ['SIGTERM', 'SIGKILL']) {
  test(`after ${signal} the next process has every socket with its id, rooms and data; what was sent meanwhile comes once, in order`, async (t) => {
    const gateway = await startAttachable(t);
    const first = await startApp(t, gateway);
    const people = await Promise.all(Array.from({ length: 20 }, (_, i) => visit(t, gateway, { auth: { token: `p${i}` }, transports: i % 2 ? ['websocket'] : ['polling', 'websocket'] })));
    for (const [i, one] of people.entries()) {
      one.counted = [];
      one.on('counted', (n) => one.counted.push(n));
      await ask(one, 'join', 'a');
      await ask(one, 'keep', { name: `p${i}`, since: new Date(0) });
    }
    await until('the data to be kept', () => new Promise((later) => setTimeout(later, 1_100, true)));
    const before = await Promise.all(people.map((one) => ask(one, 'who')));
    assert.deepEqual(await first.kill(signal), { code: null, signal });
    for (let n = 0; n < 10; n++) for (const one of people) one.emit('count', n);

    const second = await startApp(t, gateway);
    for (let n = 10; n < 12; n++) for (const one of people) one.emit('count', n);
    await until('all counts', () => people.every((one) => one.counted.length === 12));
    for (const [i, one] of people.entries()) {
      assert.deepEqual(one.counted, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
      assert.deepEqual([one.endings, one.known.length], [[], 1], 'the client noticed nothing');
      const { pid, ...after } = await ask(one, 'who');
      const { pid: _, ...was } = before[i];
      assert.deepEqual([pid, after], [second.pid, was]);
    }
    assert.ok(second.all('connection').every(([, recovered]) => recovered));
    assert.equal(second.all('connection').length, people.length);
    let heard = 0;
    for (const one of people) one.on('news', () => heard++);
    people[0].emit('emit', 'a', 'news');
    await until('the news', () => heard === people.length);
  });
}

for (const signal of ['SIGTERM', 'SIGKILL']) {
  test(`an app that has who is who in its memory keeps nobody: after ${signal} its clients come back and say it again, without an error`, async (t) => {
    const gateway = await startAttachable(t);
    const first = await startApp(t, gateway, { APP_KEEPS: 'nobody' });
    const [ann, bob] = await Promise.all([['websocket'], ['polling']].map((transports) => visit(t, gateway, { transports })));
    for (const [name, one] of [['ann', ann], ['bob', bob]]) {
      const introduce = () => one.emit('i am', name);
      introduce();
      one.on('connect', introduce);
    }
    await Promise.all([ask(ann, 'who'), ask(bob, 'who')]);
    await first.kill(signal);
    await until('both to be sent away', () => ann.endings.length + bob.endings.length === 2);
    bob.emit('count', 7); // which the client keeps until it is back
    const second = await startApp(t, gateway, { APP_KEEPS: 'nobody' });
    await until('both to be back', () => ann.connected && bob.connected);
    await Promise.all([ask(ann, 'who'), ask(bob, 'who')]);
    bob.emit('tell', 'ann', 'news');
    await until('the news', () => ann.told.some(([name]) => name === 'news'));
    assert.deepEqual(bob.told.filter(([name]) => name === 'counted'), [['counted', 7]]);
    assert.deepEqual([ann.refusals, bob.refusals], [[], []]);
    assert.deepEqual(second.all('connection').map(([, recovered]) => recovered), [false, false]);
  });
}

for (const [whose, env, end] of [['', {}, { code: null, signal: 'SIGTERM' }], [' of an app that ends itself by process.exit', { APP_EXITS: 'yes' }, { code: 0, signal: null }]]) {
  test(`answers${whose} that were under way at SIGTERM still come`, async (t) => {
    const gateway = await startAttachable(t);
    const first = await startApp(t, gateway, env);
    const ann = await visit(t, gateway);
    const answer = ask(ann, 'slow', 1_000); // longer than handlers have that owe nothing
    await ask(ann, 'who');
    assert.deepEqual(await first.kill('SIGTERM'), end);
    assert.equal(await answer, 'done');
    assert.deepEqual(ann.endings, []);
  });
}

test('an app that is busy at SIGTERM still reads all that it was given before it leaves, and answers', async (t) => {
  const gateway = await startAttachable(t);
  const first = await startApp(t, gateway);
  const ann = await visit(t, gateway);
  const load = 'x'.repeat(100_000); // so that it comes in many reads
  const answers = Array.from({ length: 20 }, () => ann.timeout(20_000).emitWithAck('work', 150, load));
  await answers[0];
  assert.deepEqual(await first.kill('SIGTERM'), { code: null, signal: 'SIGTERM' });
  await startApp(t, gateway); // has what the first was not given
  assert.deepEqual(await Promise.all(answers), answers.map(() => 150));
  assert.deepEqual(ann.endings, []);
});

test('who is refused by the next process is closed, and comes back with what it has by then', async (t) => {
  const gateway = await startAttachable(t);
  const first = await startApp(t, gateway);
  const ann = await visit(t, gateway, { auth: { token: 'old' } });
  await first.kill('SIGTERM');
  ann.auth = { token: 'fresh' };
  await startApp(t, gateway, { APP_REFUSES: 'old' });
  await until('ann to be back', () => ann.known.length === 2 && ann.connected);
  assert.deepEqual([ann.endings, ann.refusals], [['transport close'], []]);
  assert.deepEqual((await ask(ann, 'request')).auth, { token: 'fresh' });
});

test('clients that come while no app is there wait for it', async (t) => {
  const gateway = await startAttachable(t);
  const coming = visit(t, gateway);
  const polling = visit(t, gateway, { transports: ['polling'] });
  await startApp(t, gateway);
  for (const socket of await Promise.all([coming, polling])) assert.ok((await ask(socket, 'who')).id);
});

test('when the hold is over, clients are closed and come back by themselves', async (t) => {
  const gateway = await startAttachable(t, { ATTACH_HOLD: '1s' });
  const first = await startApp(t, gateway);
  const ann = await visit(t, gateway);
  await first.kill('SIGKILL');
  await until('the end', () => ann.endings.length > 0);
  assert.match(ann.endings[0], /transport/);
  await startApp(t, gateway);
  await until('ann to be back', () => ann.connected);
  assert.ok((await ask(ann, 'who')).id);
});
