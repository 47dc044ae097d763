// Who may connect, as whom, and for how long: DESIGN §1, Authentication.
import assert from 'node:assert/strict';
import { SPOKEN, startGateway } from './harness/gateway.js';
import { ask, client, connect, connected, join, person, refusal, say, token, words } from './harness/people.js';
import { test } from './harness/test.js';
import { event, until } from './harness/waiting.js';
import { openWire } from './harness/wire.js';

const now = () => Math.floor(Date.now() / 1000);

/** As whom the gateway knows a socket. */
async function identity(socket) {
  const { members } = await join(socket, `room-of-${socket.id}`);
  return members[0];
}

test('the token is taken from the cookie, from auth.token or from the Authorization header', async (t) => {
  const gateway = await startGateway(t);
  const ann = token(person('ann'));
  for (const [where, options] of Object.entries({
    'the cookie': { cookie: `token=${ann}` },
    'the cookie among others': { cookie: `theme=dark; token=${ann}; lang=en` },
    'auth.token': { auth: { token: ann } },
    'auth.token with Bearer': { auth: { token: `Bearer ${ann}` } },
    'auth as a function': { auth: (send) => send({ token: ann }) },
    Authorization: { headers: { authorization: `Bearer ${ann}` } },
    'Authorization without Bearer': { headers: { authorization: ann } },
  })) {
    const socket = await connect(t, gateway, options).catch((error) => assert.fail(`${where}: ${error.message}`));
    assert.deepEqual(await identity(socket), { userId: 'id-of-ann', username: 'ann' }, where);
  }
});

test('the cookie comes before auth.token, and auth.token before the Authorization header', async (t) => {
  const gateway = await startGateway(t);
  const cookie = `token=${token(person('cookie'))}`;
  const auth = { token: token(person('auth')) };
  const headers = { authorization: `Bearer ${token(person('header'))}` };

  assert.equal((await identity(await connect(t, gateway, { cookie, auth, headers }))).username, 'cookie');
  assert.equal((await identity(await connect(t, gateway, { auth, headers }))).username, 'auth');
  assert.equal((await identity(await connect(t, gateway, { headers }))).username, 'header');
});

test('whoever can not be verified gets "Authentication error", and the connection is closed', async (t) => {
  const gateway = await startGateway(t);
  const [head, , signature] = token(person('ann')).split('.');
  const boss = Buffer.from(JSON.stringify(person('boss'))).toString('base64url');
  for (const [what, bad] of Object.entries({
    'no token': undefined,
    'an empty token': '',
    'not a token': 'hello',
    dots: '..',
    'a signature by another secret': token(person('ann'), { secret: 'another-secret-of-at-least-32-bytes' }),
    'claims that the signature is not for': `${head}.${boss}.${signature}`,
    'no signature': `${head}.${boss}.`,
    'alg none': token(person('ann'), { secret: '', algorithm: 'none' }),
    'alg HS512': token(person('ann'), { algorithm: 'HS512' }),
    expired: token({ ...person('ann'), exp: now() - 60 }),
    'not valid yet': token(person('ann'), { notBefore: '1h' }),
    'nobody in it': token({ role: 'admin' }),
  })) {
    const cookie = bad === undefined ? undefined : `token=${bad}`;
    const socket = client(t, gateway, { cookie });
    const error = await refusal(socket).catch(() => assert.fail(`${what}: no connect_error`));
    assert.equal(error.message, 'Authentication error', what);
    assert.equal(socket.active, false, `${what}: the client must not try again by itself`);

    const wire = await openWire(t, gateway, { headers: { cookie: cookie ?? '' } });
    wire.send('40');
    assert.equal(await wire.frame('44'), '44{"message":"Authentication error"}', what);
    await wire.closes();
  }
});

test('nothing is done for a connection before it is authenticated', async (t) => {
  const gateway = await startGateway(t);
  const ann = await connect(t, gateway, 'ann');
  await join(ann, 'lobby');

  const early = await openWire(t, gateway);
  early.send('420["join_room","lobby"]', '421["send_message",{"roomId":"lobby","text":"early"}]');
  await early.closes();
  assert.deepEqual(early.frames.filter((frame) => frame.startsWith('4')), []);
  await say(ann, 'lobby', 'on time');
  await until('her own message', () => ann.messages.length > 0);
  assert.deepEqual(ann.messages.map((message) => message.text), [words('on time')]);
  assert.deepEqual(ann.members.at(-1), [{ userId: 'id-of-ann', username: 'ann' }]);
});

test('the identity is the first of userId, id, sub, _id and of username, name, and never an e-mail address', async (t) => {
  const gateway = await startGateway(t);
  for (const [claims, expected] of [
    [{ userId: 'a', id: 'b', sub: 'c', _id: 'd', username: 'u', name: 'n', email: 'e' }, { userId: 'a', username: 'u' }],
    [{ id: 'b', sub: 'c', _id: 'd', name: 'n', email: 'e@example.com' }, { userId: 'b', username: 'n' }],
    [{ sub: 'c', _id: 'd', email: 'e@example.com' }, { userId: 'c', username: 'c' }],
    [{ _id: 'd', username: 'Zoë 👩‍🚀' }, { userId: 'd', username: 'Zoë 👩‍🚀' }],
    [{ userId: 42, username: 'deep thought' }, { userId: 42, username: 'deep thought' }],
  ]) {
    const socket = await connect(t, gateway, { as: claims });
    assert.deepEqual(await identity(socket), expected);
    await until('room_members', () => socket.members.length > 0);
    assert.deepEqual(socket.members.at(-1), [expected]);
  }
});

test('when the token expires the client is let go, and comes back by itself with the cookie it has by then', async (t) => {
  const gateway = await startGateway(t, { RECOVERY: 'off' }); // which would give it the same id again
  const exp = now() + 2;
  const ann = await connect(t, gateway, { as: { ...person('ann'), exp }, reconnect: true });
  const wire = await openWire(t, gateway, { headers: { cookie: `token=${token({ ...person('ann'), exp })}` } });
  await wire.enter('lobby');
  await join(ann, 'lobby');
  const first = ann.id;
  ann.io.opts.extraHeaders.cookie = `token=${token(person('ann'))}`;

  const [reason] = await event(ann, 'disconnect');
  assert.equal(reason, 'transport close');
  assert.ok(Date.now() >= exp * 1000, 'not before it expires');
  await wire.closes();
  assert.deepEqual(wire.frames.filter((frame) => frame.startsWith?.('41')), [], 'a 41 would keep the client from coming back');

  await connected(ann);
  assert.notEqual(ann.id, first);
  await join(ann, 'lobby');
  await say(ann, 'lobby', 'back again');
});

test('a client that comes back with the expired cookie is refused', async (t) => {
  const gateway = await startGateway(t);
  const ann = await connect(t, gateway, { as: { ...person('ann'), exp: now() + 2 }, reconnect: true });
  const error = await refusal(ann);
  assert.equal(error.message, 'Authentication error');
  assert.deepEqual(ann.endings, ['transport close']);
});

test('a token may be used by many connections at once, and one that leaves takes no other along', async (t) => {
  const gateway = await startGateway(t);
  const tabs = await Promise.all([1, 2, 3].map(() => connect(t, gateway, 'ann')));
  tabs[0].disconnect();
  for (const tab of tabs.slice(1)) assert.ok((await ask(tab, 'join_room', 'lobby')).ok);
});

test('the log says why somebody was refused and which cookies came, never what was in them', async (t) => {
  const gateway = await startGateway(t);
  await refusal(client(t, gateway, { cookie: `token=${token({ ...person('ann'), exp: now() - 60 })}; theme=${SPOKEN}` }));
  await until('the reason', () => gateway.log.split('\n').find((line) => /expired/i.test(line)));
  await refusal(client(t, gateway, { cookie: `session_hint=${SPOKEN}` }));
  const line = await until('the cookie names', () => gateway.log.split('\n').find((line) => line.includes('session_hint')));
  assert.match(line, /cookie|token/i);
  await refusal(client(t, gateway, { cookie: `token=${token(person('ann'), { secret: 'another-secret-of-at-least-32-bytes' })}` }));
  await until('the reason', () => gateway.log.split('\n').find((line) => /signature/i.test(line)));
  // That no token, secret or cookie value is in the log is checked after every test.
});
