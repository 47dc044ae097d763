// room_members: who is in the room, each person once, whatever becomes of their connections.
import assert from 'node:assert/strict';
import { startGateway } from './harness/gateway.js';
import { ask, client, connect, connected, join, present, sees } from './harness/people.js';
import { test } from './harness/test.js';
import { until } from './harness/waiting.js';
import { openWire } from './harness/wire.js';

test('the list is an array of userId and username, and three tabs are one member', async (t) => {
  const gateway = await startGateway(t);
  const ann = await connect(t, gateway, 'ann');
  await join(ann, 'lobby');
  await until('a list', () => ann.members.length > 0);
  assert.deepEqual(ann.members, [[{ userId: 'id-of-ann', username: 'ann' }]]);

  for (let tab = 0; tab < 3; tab++) await join(await connect(t, gateway, 'bob'), 'lobby');
  await sees(ann, ['ann', 'bob']);
  assert.ok(ann.members.every((list) => new Set(list.map((member) => member.userId)).size === list.length));
  assert.deepEqual([...ann.members.at(-1)].sort((a, b) => (a.username < b.username ? -1 : 1)), [
    { userId: 'id-of-ann', username: 'ann' }, { userId: 'id-of-bob', username: 'bob' }]);
});

test('a member stays until the last tab closes', async (t) => {
  const gateway = await startGateway(t);
  const ann = await connect(t, gateway, 'ann');
  await join(ann, 'lobby');
  const tabs = [];
  for (let tab = 0; tab < 3; tab++) {
    tabs.push(await connect(t, gateway, 'bob'));
    await join(tabs[tab], 'lobby');
  }
  const cid = await connect(t, gateway, 'cid');
  for (const tab of tabs.slice(0, 2)) {
    tab.disconnect();
    await join(cid, 'lobby'); // a change that everybody is told of
    await sees(ann, ['ann', 'bob', 'cid']);
    assert.ok((await ask(cid, 'leave_room', 'lobby')).ok);
    await sees(ann, ['ann', 'bob']);
  }
  tabs[2].disconnect();
  await sees(ann, ['ann']);
});

test('a member goes, whatever ends the connection', async (t) => {
  const gateway = await startGateway(t);
  const ann = await connect(t, gateway, 'ann');
  await join(ann, 'lobby');
  for (const [how, end] of Object.entries({
    'a disconnect': (wire) => wire.send('41'),
    'a closed tab': (wire) => wire.socket.close(),
    'a dropped TCP connection': (wire) => wire.socket._socket.destroy(),
    'a reset TCP connection': (wire) => wire.socket._socket.resetAndDestroy(),
    nonsense: (wire) => wire.send('nonsense'),
    'another room': (wire) => wire.send('421["join_room","elsewhere"]'),
    leaving: (wire) => wire.send('421["leave_room","lobby"]'),
  })) {
    const wire = await openWire(t, gateway, { as: 'bob' });
    await wire.enter('lobby');
    await sees(ann, ['ann', 'bob']);
    end(wire);
    await sees(ann, ['ann']).catch((failure) => assert.fail(`${how}: ${failure.message}`));
  }
});

test('a member whose cable is cut goes when the heartbeat misses them', async (t) => {
  const gateway = await startGateway(t, { PING_INTERVAL: '300ms', PING_TIMEOUT: '200ms' });
  const ann = await connect(t, gateway, 'ann');
  await join(ann, 'lobby');
  const wire = await openWire(t, gateway, { as: 'bob' }); // never answers a ping
  await wire.enter('lobby');
  await sees(ann, ['ann', 'bob']);
  await sees(ann, ['ann']);
  await wire.closes();
  assert.deepEqual(ann.endings, [], 'the official client answers the pings');
});

test('MEMBERS_SHAPE=object says the room and the count too', async (t) => {
  const gateway = await startGateway(t, { MEMBERS_SHAPE: 'object' });
  const ann = await connect(t, gateway, 'ann');
  await join(ann, 'lobby');
  await until('a list', () => ann.members.length > 0);
  assert.deepEqual(ann.members.at(-1), { roomId: 'lobby', count: 1, members: [{ userId: 'id-of-ann', username: 'ann' }] });
});

test('MEMBERS_SHAPE=count says the room and the count only', async (t) => {
  const gateway = await startGateway(t, { MEMBERS_SHAPE: 'count' });
  const ann = await connect(t, gateway, 'ann');
  await join(ann, 'lobby');
  await join(await connect(t, gateway, 'bob'), 'lobby');
  await until('a count of two', () => ann.members.at(-1)?.count === 2);
  assert.deepEqual(ann.members.at(-1), { roomId: 'lobby', count: 2 });
});

test('300 people joining at once do not cost n² lists, and everybody gets the last one', async (t) => {
  const crowd = 300;
  const gateway = await startGateway(t);
  const people = Array.from({ length: crowd }, (_, i) => client(t, gateway, { as: `person ${i}` }));
  await Promise.all(people.map((socket) => connected(socket, 20_000)));

  await Promise.all(people.map((socket) => join(socket, 'stadium')));
  await until('the full list everywhere', () => people.every((socket) => present(socket).length === crowd), 10_000);
  const joined = people.reduce((sum, socket) => sum + socket.members.length, 0);
  assert.ok(joined <= crowd * 20, `${joined} lists for ${crowd} joins; one a join for everybody there is ${(crowd * crowd) / 2}`);

  const stay = people.splice(0, 10);
  const heard = stay.reduce((sum, socket) => sum + socket.members.length, 0);
  for (const socket of people) socket.disconnect();
  await until('the last list', () => stay.every((socket) => present(socket).length === stay.length), 10_000);
  const left = stay.reduce((sum, socket) => sum + socket.members.length, 0) - heard;
  assert.ok(left <= stay.length * 40, `${left} lists to ${stay.length} people as ${people.length} left`);
}, { timeout: 60_000 });
