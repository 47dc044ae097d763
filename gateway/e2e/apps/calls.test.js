// An app with calls by WebRTC: people ring each other by user id, while each looks at another conversation; a third hears nothing.
//
//   socket.on("call-user", ({ to, offer }) => io.to(online.get(to)).emit("incoming-call", { from: socket.userId, offer }));
//   socket.on("answer-call", ({ to, answer }) => io.to(online.get(to)).emit("call-accepted", { from: socket.userId, answer }));
//   socket.on("ice-candidate", …); socket.on("end-call", ({ to }) => io.to(online.get(to)).emit("call-ended", …));
import assert from 'node:assert/strict';
import { adopt, heardNothing, said, told, visit } from '../harness/apps.js';
import { ask, person } from '../harness/people.js';
import { test } from '../harness/test.js';
import { until } from '../harness/waiting.js';

const schema = `CREATE TABLE "Message" ("id" TEXT PRIMARY KEY, "content" TEXT NOT NULL, "senderId" TEXT NOT NULL, "conversationId" TEXT NOT NULL,
  "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP)`;
const RELAY_EVENTS = 'call-user=incoming-call@user,answer-call=call-accepted@user,ice-candidate@user,end-call=call-ended@user,typing@user';
const events = ['incoming-call', 'call-accepted', 'ice-candidate', 'call-ended', 'typing', 'error'];

const offer = { type: 'offer', sdp: 'v=0' };
const answer = { type: 'answer', sdp: 'v=0' };
const candidate = (i) => ({ candidate: `candidate:${i}`, sdpMLineIndex: 0 });
const id = (name) => person(name).userId;

/** Bob has two tabs; where there are two gateways, everybody calls over both. */
async function people(t, env, gateways) {
  const all = await adopt(t, { schema, env: { RELAY_EVENTS, ...env }, gateways });
  const at = (i) => all.gateways[i % gateways];
  return Promise.all(['ann', 'bob', 'bob', 'eve'].map((name, i) => visit(t, at(i), name)));
}

for (const gateways of [1, 2]) {
  test(`a call is made, answered and ended, and a third hears nothing, with ${gateways} gateway${gateways > 1 ? 's' : ''}`, async (t) => {
    const [ann, bob, tab, eve] = await people(t, { RELAY_ANYONE: 'true' }, gateways);
    assert.deepEqual(await ask(ann, 'call-user', { to: id('bob'), offer, callType: 'video' }), { ok: true, success: true, status: 'ok' });
    for (const socket of [bob, tab]) {
      assert.deepEqual(await told(socket, 'incoming-call'), { to: id('bob'), offer, callType: 'video', from: id('ann'), ...person('ann') });
    }
    bob.emit('answer-call', { to: id('ann'), answer });
    assert.deepEqual(await told(ann, 'call-accepted'), { to: id('ann'), answer, from: id('bob'), ...person('bob') });
    for (let i = 0; i < 20; i++) {
      ann.emit('ice-candidate', { to: id('bob'), candidate: candidate(i) });
      bob.emit('ice-candidate', { to: id('ann'), candidate: candidate(i) });
    }
    for (const socket of [ann, bob]) {
      await until('all candidates', () => said(socket, 'ice-candidate').length === 20);
      assert.deepEqual(said(socket, 'ice-candidate').map(([told]) => told.candidate), Array.from({ length: 20 }, (_, i) => candidate(i)), 'in their order');
    }
    bob.emit('end-call', id('ann')); // the id alone
    assert.deepEqual(await told(ann, 'call-ended'), { to: id('ann'), from: id('bob'), ...person('bob') });
    for (const event of events) heardNothing(eve, event);
    for (const event of ['incoming-call', 'call-ended', 'error']) assert.equal(said(ann, event).length, event === 'call-ended' ? 1 : 0);
  });

  test(`who shares a room is reached, and a stranger is not, with ${gateways} gateway${gateways > 1 ? 's' : ''}`, async (t) => {
    const [ann, bob, tab, eve] = await people(t, {}, gateways);
    for (const [socket, room] of [[ann, 'c1'], [bob, 'c1'], [eve, 'c2']]) assert.ok((await ask(socket, 'join_room', room)).ok);
    await told(ann, 'room_members', (members) => members.length === 2);
    assert.equal((await ask(eve, 'call-user', { to: id('bob'), offer })).code, 'not_connected');
    assert.equal((await ask(ann, 'call-user', { to: id('nobody'), offer })).code, 'not_connected');
    eve.emit('typing', { to: id('bob') });
    assert.ok((await ask(ann, 'call-user', { to: id('bob'), offer })).ok);
    for (const socket of [bob, tab]) await told(socket, 'incoming-call', ({ from }) => from === id('ann'));
    for (const socket of [bob, tab]) assert.equal(said(socket, 'incoming-call').length, 1);
    for (const event of events) heardNothing(eve, event);
    heardNothing(bob, 'typing');
  });
}

test('nobody calls in another name, however it is claimed', async (t) => {
  const [mallory, bob] = await people(t, { RELAY_ANYONE: 'true' }, 1);
  const boss = { id: id('boss'), name: 'boss' };
  const claims = [
    { from: id('boss') }, { from: boss }, { userId: id('boss'), username: 'boss' }, { caller: boss, callerName: 'boss', callerId: id('boss') },
    { name: 'boss', sender: id('boss') }, { FROM: id('boss'), from_user: boss }, { fromUser: 'boss', callFrom: boss }, { socketId: mallory.id, from: bob.id },
  ];
  for (const claim of claims) assert.ok((await ask(mallory, 'call-user', { ...claim, to: id('bob'), offer })).ok);
  await until('all calls', () => said(bob, 'incoming-call').length === claims.length);
  for (const [call] of said(bob, 'incoming-call')) {
    assert.deepEqual([call.userId, call.username], [id('ann'), 'ann']);
    assert.ok(call.from === id('ann') || call.from.id === id('ann'), JSON.stringify(call));
    assert.ok(!/boss/.test(JSON.stringify(call)), JSON.stringify(call));
  }
});

test('a call never names a room, and a flood of them is thinned', async (t) => {
  const [eve, bob] = await people(t, { RELAY_ANYONE: 'true', RELAY_RATE: 5, RATE_LIMIT: 1000, PERSONAL_ROOM: 'user:$user' }, 1);
  assert.ok((await ask(bob, 'join_room', 'secret')).ok);
  for (const to of ['secret', `user:${id('bob')}`, `\0user\0${id('bob')}`, bob.id, '', null, ['secret'], { id: 'secret' }]) {
    assert.ok(['not_connected', 'bad_request'].includes((await ask(eve, 'call-user', { to, offer })).code), JSON.stringify(to));
  }
  heardNothing(bob, 'incoming-call');
  for (let i = 0; i < 300; i++) eve.emit('typing', { to: id('bob') });
  assert.equal((await ask(eve, 'call-user', { to: id('bob') })).code, 'rate_limited');
  await until('the first of them', () => said(bob, 'typing').length >= 20);
  assert.ok(said(bob, 'typing').length < 150, `${said(bob, 'typing').length} of 300`);
  heardNothing(eve, 'error');
});
