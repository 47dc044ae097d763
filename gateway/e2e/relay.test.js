// RELAY_EVENTS: typing, read receipts and what else is passed on to the others in a room, and forgotten.
import assert from 'node:assert/strict';
import { runGateway, startGateway } from './harness/gateway.js';
import { ask, connect, hears, join, person, say } from './harness/people.js';
import { freePort } from './harness/ports.js';
import { test } from './harness/test.js';
import { event, until } from './harness/waiting.js';
import { openWire } from './harness/wire.js';

/** Everything of these names that a socket hears, from now on, as [name, ...arguments]. */
function listen(socket, ...names) {
  const heard = [];
  for (const name of names) socket.on(name, (...args) => heard.push([name, ...args]));
  return heard;
}

test('typing reaches the others in the room, with the identity of the token, and nobody else', async (t) => {
  const gateway = await startGateway(t, { RELAY_EVENTS: 'typing,stop_typing' });
  const [ann, bob, cid] = await Promise.all(['ann', 'bob', 'cid'].map((name) => connect(t, gateway, name)));
  await join(ann, 'lobby');
  await join(bob, 'lobby');
  await join(cid, 'garden');
  const names = ['typing', 'stopTyping', 'stop_typing'];
  const [hears1, hears2, hears3] = [ann, bob, cid].map((socket) => listen(socket, ...names));

  ann.emit('typing', 'lobby');
  ann.emit('typing', { roomId: 'lobby', isTyping: true, userId: 'id-of-eve', username: 'eve', user: { id: 'id-of-eve' } });
  ann.emit('stopTyping', { room: 'lobby' });
  await say(ann, 'lobby', 'after all that');
  await hears(bob, 'after all that');
  const by = person('ann');
  assert.deepEqual(hears2, [
    ['typing', { roomId: 'lobby', ...by }],
    ['typing', { roomId: 'lobby', isTyping: true, ...by, user: { id: by.userId, ...by, name: 'ann' } }],
    ['stopTyping', { room: 'lobby', ...by }],
  ]);
  await hears(ann, 'after all that');
  await say(cid, 'garden', 'quiet here');
  await hears(cid, 'quiet here');
  assert.deepEqual([hears1, hears3], [[], []], 'neither the sender nor another room');
  assert.equal((await gateway.database.messages()).length, 2, 'nothing but the messages is stored');
});

test('a relay may go out under the name that the app listens to, and is acked', async (t) => {
  const gateway = await startGateway(t, { RELAY_EVENTS: 'typing=user_typing, message_read' });
  const [ann, bob] = [await connect(t, gateway, 'ann'), await connect(t, gateway, 'bob')];
  await join(ann, 7);
  await join(bob, 7);
  const typing = event(bob, 'user_typing');
  assert.deepEqual(await ask(ann, 'typing', 7), { ok: true, success: true, status: 'ok' });
  assert.deepEqual(await typing, [{ roomId: 7, ...person('ann') }]);
  const read = event(bob, 'messageRead');
  assert.ok((await ask(ann, 'messageRead', { chatId: '7', messageIds: ['m1', 'm2'], readBy: ['id-of-eve'] })).ok);
  assert.deepEqual(await read, [{ chatId: '7', messageIds: ['m1', 'm2'], readBy: ['id-of-ann'], ...person('ann') }]);
});

test('no key of a relay carries another identity, however it is written', async (t) => {
  const gateway = await startGateway(t, { RELAY_EVENTS: 'typing' });
  const bob = await connect(t, gateway, 'bob');
  await join(bob, 'lobby');
  const wire = await openWire(t, gateway, { as: 'mallory' });
  await wire.enter('lobby');
  const heard = listen(bob, 'typing');
  const claims = [
    '"userId":"boss","userId":"boss"', '"\\u0075serId":"boss","username":"boss"', '"USER-ID":"boss","user__name":"boss"',
    '"user":{"id":"boss","name":"boss"}', '"sender":["boss"]', '"readBy":[{"userId":"boss"}]', '"from_user":{"toString":"boss"}',
    '"typingUser":"boss","typist":"boss","seenByName":"boss"', '"sender_uuid":"boss","createdByName":"boss"', '"userId":{"$ne":"boss"}',
    '"__proto__":{"userId":"boss"}', '"\\u005f_proto__":{"username":"boss"}',
  ];
  for (const claim of claims) wire.send(`42["typing",{"roomId":"lobby",${claim}},{"userId":"boss"}]`);
  wire.send('451-["typing",{"roomId":"lobby","userId":{"_placeholder":true,"num":0}}]', Buffer.from('boss'));
  wire.send('451-["typing",{"_placeholder":true,"num":0}]', Buffer.from('boss'));
  await wire.frame('42["error",{"code":"bad_request"');

  await say(bob, 'lobby', 'after all that');
  await hears(bob, 'after all that');
  assert.equal(heard.length, claims.length + 1);
  for (const [, told, ...more] of heard) {
    assert.deepEqual([told.userId, told.username, told.roomId, more], ['id-of-mallory', 'mallory', 'lobby', []]);
    assert.ok(!/boss/.test(JSON.stringify(told)) && Object.getPrototypeOf(told) === Object.prototype, JSON.stringify(told));
  }
});

test('in several rooms, a relay says which one', async (t) => {
  const gateway = await startGateway(t, { RELAY_EVENTS: 'typing', JOIN_MODE: 'multi' });
  const [ann, bob, cid] = await Promise.all(['ann', 'bob', 'cid'].map((name) => connect(t, gateway, name)));
  await join(bob, 'kitchen');
  await join(cid, 'garden');
  const [hears1, hears2] = [listen(bob, 'typing'), listen(cid, 'typing')];
  await join(ann, 'kitchen');
  for (const nothing of [[], [undefined], [{}], [{ roomId: null, isTyping: true }]]) assert.ok((await ask(ann, 'typing', ...nothing)).ok, JSON.stringify(nothing));
  await join(ann, 'garden');
  for (const nothing of [[], [undefined], [{}]]) assert.equal((await ask(ann, 'typing', ...nothing)).code, 'bad_request', JSON.stringify(nothing));
  assert.ok((await ask(ann, 'typing', { room_id: 'garden' })).ok);
  await say(bob, 'kitchen', 'done');
  await say(cid, 'garden', 'done');
  await Promise.all([hears(bob, 'done'), hears(cid, 'done')]);
  assert.equal(hears1.length, 4);
  assert.deepEqual(hears2, [['typing', { room_id: 'garden', ...person('ann') }]]);
});

test('nobody types in a room that they have not joined, even where everybody may send', async (t) => {
  const gateway = await startGateway(t, { RELAY_EVENTS: 'typing', REQUIRE_JOIN: 'false' });
  const [ann, mallory] = [await connect(t, gateway, 'ann'), await connect(t, gateway, 'mallory')];
  await join(ann, 'lobby');
  const heard = listen(ann, 'typing');
  for (const form of ['lobby', { roomId: 'lobby' }]) assert.equal((await ask(mallory, 'typing', form)).code, 'not_in_room');
  assert.equal((await ask(mallory, 'typing', ann.id)).code, 'forbidden', 'nor to one person alone');
  mallory.emit('typing', 'lobby');
  await until('the error', () => mallory.errors.some((error) => error.code === 'not_in_room' && error.event === 'typing'));
  await say(ann, 'lobby', 'all quiet');
  assert.deepEqual(heard, []);
});

test('a storm of typing is thinned, without a word, and messages still pass', async (t) => {
  const admin = `127.0.0.1:${await freePort()}`;
  const gateway = await startGateway(t, { RELAY_EVENTS: 'typing', RELAY_RATE: 5, RATE_LIMIT: 1000, ADMIN_ADDR: admin });
  const [ann, bob] = [await connect(t, gateway, 'ann'), await connect(t, gateway, 'bob')];
  await join(ann, 'lobby');
  await join(bob, 'lobby');
  const heard = listen(bob, 'typing');
  for (let i = 0; i < 180; i++) ann.emit('typing', 'lobby');
  const answers = Promise.all(Array.from({ length: 20 }, () => ask(ann, 'typing', 'lobby'))); // in the same breath: a moment later there may be one more
  await say(ann, 'lobby', 'and yet');
  await hears(bob, 'and yet');
  assert.ok(heard.length >= 10 && heard.length <= 40, `${heard.length} of 200 were passed on`);
  assert.deepEqual(ann.errors, []);
  assert.ok((await answers).some(({ code }) => code === 'rate_limited'), 'who asks is told');

  const { body } = await gateway.get('/metrics', { base: `http://${admin}` });
  const of = (outcome) => Number(body.match(new RegExp(`^socketgate_events_total{event="typing",outcome="${outcome}"} (\\d+)$`, 'm'))?.[1]);
  assert.equal(of('ok'), heard.length);
  assert.equal(of('ok') + of('rate_limited'), 200);
});

test('without RELAY_EVENTS nothing is relayed', async (t) => {
  const gateway = await startGateway(t);
  const [ann, bob] = [await connect(t, gateway, 'ann'), await connect(t, gateway, 'bob')];
  await join(ann, 'lobby');
  await join(bob, 'lobby');
  const heard = listen(bob, 'typing');
  assert.equal((await ask(ann, 'typing', 'lobby')).code, 'bad_request');
  await say(ann, 'lobby', 'nothing before this');
  await hears(bob, 'nothing before this');
  assert.deepEqual(heard, []);
});

test('a relay by the name of what the gateway itself says stops the start', async () => {
  for (const [relays, other] of [['typing,sendMessage', 'SEND_EVENTS'], ['typing=receive_message', 'MESSAGE_EVENT'], ['disconnect', 'keeps for itself']]) {
    const { code, stderr } = await runGateway([], { DATABASE_URL: 'none', RELAY_EVENTS: relays });
    assert.equal(code, 1);
    assert.match(stderr, new RegExp(`^RELAY_EVENTS holds .*${other}`, 'm'));
  }
});
