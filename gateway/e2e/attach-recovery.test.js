// Clients of an app's own server that lose their connection get what they missed, once and in order, by the unmodified official client: where
// the server has connectionStateRecovery, also over a deploy in which nobody is there to see them go.
import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { ask, startApp, startAttachable, visit } from './harness/attached.js';
import { later, test } from './harness/test.js';
import { event, until } from './harness/waiting.js';
import msgpack from 'socket.io-msgpack-parser';

const RECOVERS = { APP_RECOVERY: JSON.stringify({ maxDisconnectionDuration: 60_000, skipMiddlewares: false }) };

/** A client that notes its news, and at each connection whether it was recovered. */
async function listener(t, gateway, options) {
  const socket = await visit(t, gateway, options);
  Object.assign(socket, { news: [], recoveries: [] });
  socket.on('connect', () => socket.recoveries.push(socket.recovered));
  socket.on('news', (...news) => socket.news.push(news));
  return socket;
}

/** Ends the connection as a network does that goes away. The client stays away until comesBack. */
async function drop(socket) {
  socket.io.reconnection(false);
  const gone = event(socket, 'disconnect');
  socket.io.engine.close();
  await gone;
}

async function comesBack(socket) {
  const came = socket.recoveries.length;
  socket.io.reconnection(true);
  socket.connect();
  await until('the connection', () => socket.connected && socket.recoveries.length > came, 15_000);
  return socket.recoveries.at(-1);
}

const seen = (app, client) => until('the app to see it go', () => app.all('disconnect').some(([id]) => id === client));
const series = (from, to) => Array.from({ length: to - from }, (_, i) => from + i);
const heard = (socket) => socket.news.map(([n]) => n);

for (const [transports, parser] of [[['websocket']], [['polling', 'websocket']], [['websocket'], msgpack], [['polling'], msgpack]]) {
  test(`what was emitted while a client was away arrives once, in order, and its socket is the same: ${transports}${parser ? ', msgpack' : ''}`, async (t) => {
    const gateway = await startAttachable(t);
    const app = await startApp(t, gateway, { ...RECOVERS, ...(parser && { APP_PARSER: 'msgpack' }) });
    const [ann, bob] = [await listener(t, gateway, { transports, parser, auth: { token: 'ann' } }), await listener(t, gateway, { parser })];
    for (const one of [ann, bob]) await ask(one, 'join', 'a');
    await ask(ann, 'keep', { name: 'ann', since: 5 });
    const before = await ask(ann, 'who');
    bob.emit('emit', 'a', 'news', 0, 'text');
    await until('the first', () => heard(ann).length === 1);
    for (const round of [1, 2]) {
      const [from, to] = [10 * round, 10 * round + 5];
      await drop(ann);
      await seen(app, ann.known[0]);
      await ask(bob, 'who');
      for (const n of series(from, to)) bob.emit('emit', 'a', 'news', n);
      bob.emit('emit', 'b', 'news', 'of another room');
      bob.emit('emit', before.id, 'news', to);
      bob.emit('others', 'news', to + 1, { to: 'everybody' }, Buffer.from([1, 2]));
      if (round === 1) await new Promise((later) => setTimeout(later, 2_000));
      else await ask(bob, 'who');
      assert.equal(await comesBack(ann), true);
      bob.emit('emit', 'a', 'news', to + 2);
      await until('all news', () => heard(ann).includes(to + 2));
    }
    assert.deepEqual(heard(ann), [0, ...series(10, 18), ...series(20, 28)]);
    assert.deepEqual([ann.news[0].slice(0, 2), ann.news.find(([n]) => n === 16).slice(0, 3)], [[0, 'text'], [16, { to: 'everybody' }, Buffer.from([1, 2])]]);
    assert.deepEqual(await ask(ann, 'who'), before);
    assert.deepEqual(app.all('connection').filter(([id]) => id === before.id).map(([, recovered]) => recovered), [false, true, true]);
    assert.equal(app.all('connection').at(-1)[3].name, 'ann');
  });
}

for (const signal of ['SIGTERM', 'SIGKILL']) {
  test(`who drops while no app is there, after ${signal}, misses nothing and has its socket in the next process`, async (t) => {
    const gateway = await startAttachable(t);
    const first = await startApp(t, gateway, RECOVERS);
    const [ann, eve, bob] = await Promise.all(['ann', 'eve', 'bob'].map((token) => listener(t, gateway, { auth: { token } })));
    for (const one of [ann, eve, bob]) {
      await ask(one, 'join', 'a');
      await ask(one, 'keep', { name: 'kept' });
    }
    const before = await Promise.all([ann, eve].map((one) => ask(one, 'who')));
    await until('the data to be kept', () => new Promise((later) => setTimeout(later, 1_100, true)));
    bob.emit('emit', 'a', 'news', 0);
    await until('the first', () => [ann, eve].every((one) => heard(one).length === 1));
    await drop(eve); // while the first process is still there
    await seen(first, eve.known[0]);
    bob.emit('emit', 'a', 'news', 1);
    await until('the second', () => heard(ann).length === 2 && heard(bob).length === 2);
    await first.kill(signal);
    await drop(ann);
    const early = comesBack(ann); // before anybody is there
    bob.emit('emit', 'a', 'news', 2);
    const second = await startApp(t, gateway, RECOVERS);
    await until('news of the second process', () => heard(bob).length === 3);
    assert.deepEqual([await early, await comesBack(eve)], [true, true]);
    bob.emit('emit', 'a', 'news', 3);
    await until('all news', () => [ann, eve].every((one) => heard(one).includes(3)));
    assert.deepEqual([heard(ann), heard(eve), heard(bob)], [[0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3]]);
    for (const [i, one] of [ann, eve].entries()) {
      const { pid, ...after } = await ask(one, 'who');
      assert.deepEqual([pid, after.id, after.rooms, after.data], [second.pid, before[i].id, before[i].rooms, before[i].data]);
    }
    assert.ok(second.all('connection').every(([, recovered]) => recovered));
  });
}

test('without connectionStateRecovery a client begins anew, and no event has one more argument', async (t) => {
  const gateway = await startAttachable(t);
  const app = await startApp(t, gateway);
  const [ann, bob] = [await listener(t, gateway), await listener(t, gateway)];
  await ask(ann, 'join', 'a');
  bob.emit('emit', 'a', 'news', 0, 'text');
  await until('the first', () => heard(ann).length === 1);
  await drop(ann);
  await seen(app, ann.known[0]);
  bob.emit('emit', 'a', 'news', 1);
  assert.ok(!(await comesBack(ann)));
  await ask(ann, 'who');
  assert.deepEqual(ann.news, [[0, 'text']]);
  assert.notEqual(ann.known[1], ann.known[0]);
});

for (const skipMiddlewares of [true, false]) {
  test(`skipMiddlewares: ${skipMiddlewares} is honoured when a client comes back, and not in a deploy`, async (t) => {
    const gateway = await startAttachable(t);
    const settings = { APP_RECOVERY: JSON.stringify({ maxDisconnectionDuration: 60_000, skipMiddlewares }) };
    const first = await startApp(t, gateway, settings);
    const [ann, bob] = [await listener(t, gateway), await listener(t, gateway)];
    bob.emit('others', 'news', 0);
    await until('the first', () => heard(ann).length === 1);
    const runs = (app) => app.all('middleware').filter(([id]) => id === ann.id).length;
    await drop(ann);
    await seen(first, ann.known[0]);
    assert.equal(await comesBack(ann), true);
    await ask(ann, 'who');
    assert.equal(runs(first), skipMiddlewares ? 1 : 2);
    await first.kill('SIGTERM');
    const second = await startApp(t, gateway, settings);
    assert.equal(runs(second), 1);
  });
}

test('who says goodbye, or is sent away, has no session to come back to', async (t) => {
  const gateway = await startAttachable(t);
  const app = await startApp(t, gateway, RECOVERS);
  const [ann, eve, bob] = [await listener(t, gateway), await listener(t, gateway), await listener(t, gateway)];
  bob.emit('others', 'news', 0);
  await until('the first', () => [ann, eve].every((one) => heard(one).length === 1));
  ann.disconnect();
  bob.emit('kick', eve.id, true);
  await Promise.all([ann, eve].map((one) => seen(app, one.known[0])));
  assert.deepEqual([await comesBack(ann), await comesBack(eve)], [false, false]);
});

test('two processes: who comes back to the other one has its socket, and what either has emitted meanwhile', async (t) => {
  const gateway = await startAttachable(t);
  const apps = [await startApp(t, gateway, RECOVERS), await startApp(t, gateway, RECOVERS)];
  const people = await Promise.all(Array.from({ length: 6 }, () => listener(t, gateway)));
  const bob = people[0];
  for (const one of people) await ask(one, 'join', 'a');
  bob.emit('emit', 'a', 'news', 0);
  await until('the first', () => people.every((one) => heard(one).length === 1));
  const leaving = people.slice(2);
  for (const one of leaving) await drop(one);
  await until('the apps to see them go', () => apps.flatMap((app) => app.all('disconnect')).length === leaving.length);
  for (const n of [1, 2, 3]) people[n % 2].emit('emit', 'a', 'news', n);
  await until('the others to have it', () => heard(bob).length === 4 && heard(people[1]).length === 4);
  assert.deepEqual(await Promise.all(leaving.map(comesBack)), leaving.map(() => true));
  bob.emit('emit', 'a', 'news', 4);
  await until('all news', () => people.every((one) => heard(one).includes(4)));
  for (const one of people) assert.deepEqual(heard(one), heard(bob));
});

test('at another gateway a client begins anew', async (t) => {
  const gateways = [await startAttachable(t)];
  gateways.push(await startAttachable(t, { ATTACH_KEY: gateways[0].key }));
  const app = await startApp(t, gateways, RECOVERS);
  const [ann, bob] = [await listener(t, gateways[0]), await listener(t, gateways[1])];
  bob.emit('others', 'news', 0);
  await until('the first', () => heard(ann).length === 1);
  await drop(ann);
  await seen(app, ann.known[0]);
  ann.io.uri = gateways[1].url;
  assert.equal(await comesBack(ann), false);
});

/** A network before the gateway that forgets its connections: the client's end breaks, and the gateway is told nothing. */
async function forgetful(t, gateway) {
  const pairs = [];
  const server = createServer((client) => {
    const upstream = connect(gateway.port, '127.0.0.1');
    pairs.push({ client, upstream });
    for (const one of [client, upstream]) one.on('error', () => {});
    client.pipe(upstream, { end: false }).pipe(client);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  later(t, () => {
    for (const { client, upstream } of pairs) [client, upstream].forEach((one) => one.destroy());
    server.close();
  });
  return { url: `http://127.0.0.1:${server.address().port}`, forget: () => pairs.splice(0).forEach(({ client, upstream }) => (later(t, () => upstream.destroy()), client.destroy())) };
}

test('who comes back by another network, before the old connection is known to be dead, has its socket', async (t) => {
  const gateway = await startAttachable(t);
  const app = await startApp(t, gateway, RECOVERS);
  const network = await forgetful(t, gateway);
  const [ann, bob] = [await listener(t, network), await listener(t, gateway)];
  await ask(ann, 'join', 'a');
  bob.emit('emit', 'a', 'news', 0);
  await until('the first', () => heard(ann).length === 1);
  ann.io.reconnection(false);
  const gone = event(ann, 'disconnect');
  network.forget();
  await gone;
  assert.deepEqual(app.all('disconnect'), []);
  bob.emit('emit', 'a', 'news', 1); // goes nowhere
  await ask(bob, 'who');
  assert.equal(await comesBack(ann), true);
  bob.emit('emit', 'a', 'news', 2);
  await until('all news', () => heard(ann).includes(2));
  assert.deepEqual([heard(ann), ann.known[1], app.all('disconnect')], [[0, 1, 2], ann.known[0], [[ann.id, 'transport close']]]);
});
