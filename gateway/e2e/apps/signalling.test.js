// An app for groups that talk by video: whoever is ready in a room is told to the others, who then signal to that socket alone.
//
//   socket.on("ready", (roomId) => socket.to(roomId).emit("user-joined", { socketId: socket.id }));
//   socket.on("signal", ({ to, signal }) => io.to(to).emit("signal", { from: socket.id, signal }));
import assert from 'node:assert/strict';
import { adopt, heardNothing, said, told, visit } from '../harness/apps.js';
import { ask, person } from '../harness/people.js';
import { test } from '../harness/test.js';
import { until } from '../harness/waiting.js';

const schema = `CREATE TABLE "Message" ("id" TEXT PRIMARY KEY, "text" TEXT NOT NULL, "userId" TEXT NOT NULL, "roomId" TEXT NOT NULL,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP)`;
const env = { RELAY_EVENTS: 'ready=user-joined,signal@socket,return-signal=returned-signal@socket:callerID' };
const offer = { type: 'offer', sdp: 'v=0' };
const reply = { type: 'answer', sdp: 'v=0' };

async function ready(socket, room) {
  assert.ok((await ask(socket, 'join_room', room)).ok);
  assert.ok((await ask(socket, 'ready', room)).ok);
}

for (const gateways of [1, 2]) {
  const here = `with ${gateways} gateway${gateways > 1 ? 's' : ''}`;

  test(`who joins is told with the socket, and those signal to each other alone, ${here}`, async (t) => {
    const all = await adopt(t, { schema, env, gateways });
    const [ann, tab, eve, bob] = await Promise.all(['ann', 'ann', 'eve', 'bob'].map((name, i) => visit(t, all.gateways[i % gateways], name)));
    for (const socket of [ann, eve]) await ready(socket, 'call');
    await ready(bob, 'call');
    const { socketId, userId } = await told(ann, 'user-joined', (told) => told.userId === person('bob').userId);
    assert.deepEqual([socketId, userId], [bob.id, person('bob').userId]);

    assert.ok((await ask(ann, 'signal', { to: socketId, signal: offer })).ok);
    const told1 = await told(bob, 'signal');
    assert.deepEqual(told1, { to: bob.id, signal: offer, userId: person('ann').userId, username: 'ann', socketId: ann.id, from: ann.id });
    assert.ok((await ask(bob, 'return-signal', { callerID: told1.from, signal: reply })).ok);
    const told2 = await told(ann, 'returned-signal');
    assert.deepEqual([told2.from, told2.signal], [bob.id, reply]);
    for (const socket of [tab, eve]) for (const event of ['signal', 'returned-signal']) heardNothing(socket, event);
  });

  test(`no signal comes from another socket than it says, or goes to a room, ${here}`, async (t) => {
    const all = await adopt(t, { schema, env, gateways });
    const [mallory, ann, bob] = await Promise.all(['mallory', 'ann', 'bob'].map((name, i) => visit(t, all.gateways[i % gateways], name)));
    for (const socket of [ann, bob]) await ready(socket, 'call');
    const claims = [{ from: ann.id }, { socketId: ann.id }, { callerID: ann.id, sender: ann.id }, { userId: person('ann').userId, name: 'ann' }, { from: { id: ann.id } }];
    for (const claim of claims) mallory.emit('signal', { ...claim, to: bob.id, signal: offer });
    await until('all signals', () => said(bob, 'signal').length === claims.length);
    for (const [told] of said(bob, 'signal')) {
      assert.deepEqual([told.userId, told.socketId], [person('mallory').userId, mallory.id]);
      assert.ok(!JSON.stringify(told).includes(ann.id) && !JSON.stringify(told).includes('"ann"'), JSON.stringify(told));
    }
    for (const to of ['call', `\0user\0${person('bob').userId}`, `${bob.id}x`, '', null]) {
      assert.ok(['not_connected', 'bad_request'].includes((await ask(mallory, 'signal', { to, signal: offer })).code), JSON.stringify(to));
    }
    assert.equal(said(bob, 'signal').length, claims.length);
    heardNothing(ann, 'signal');
  });
}

test('a socket that lost its connection is reached by the same id again', async (t) => {
  const { gateway } = await adopt(t, { schema, env });
  const [ann, bob] = [await visit(t, gateway, 'ann'), await visit(t, gateway, 'bob', { reconnect: true })];
  await ready(bob, 'call');
  const { id } = bob;
  bob.io.engine.close();
  await until('bob to be back', () => bob.connected && bob.recovered);
  assert.equal(bob.id, id);
  assert.ok((await ask(ann, 'signal', { to: id, signal: offer })).ok);
  await told(bob, 'signal', ({ from }) => from === ann.id);
  bob.disconnect();
  await until('bob to be gone', async () => (await ask(ann, 'signal', { to: id, signal: offer })).code === 'not_connected');
});
