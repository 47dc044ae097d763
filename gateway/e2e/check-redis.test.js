// socketgate check beside gateways that are one over Redis.
import assert from 'node:assert/strict';
import { allWell, check, hasFault } from './harness/check.js';
import { createDatabase } from './harness/database.js';
import { JWT_SECRET, startGateway } from './harness/gateway.js';
import { connect, hears, join, say } from './harness/people.js';
import { startRedis } from './harness/redis.js';
import { test } from './harness/test.js';
import { event, until } from './harness/waiting.js';

test('the user of Redis that check proposes is enough for gateways to be one, and one with other secrets is found', async (t) => {
  const [redis, database] = [await startRedis(t), await createDatabase(t)];
  await redis.ask('ACL SETUSER name reset on >password +ping +client +hello');
  const env = { REDIS_URL: redis.url.replace('//', '//name:password@'), DATABASE_URL: database.url, RELAY_EVENTS: 'typing' };
  const forbidden = await check(env);
  hasFault(forbidden, 'redis', /may not do what the gateway does: .*HSET.*PSUBSCRIBE/, /^→ ACL SETUSER name on >password /);
  assert.match(await redis.ask(forbidden.said.match(/→ (ACL SETUSER .*)/)[1]), /^\+OK/);
  allWell(await check(env), 'redis', 'clocks', 'gateways', 'sessions');

  const gateways = [await startGateway(t, env, { database }), await startGateway(t, env, { database })];
  const [ann, bob] = await Promise.all([connect(t, gateways[0], 'ann'), connect(t, gateways[1], 'bob')]);
  await Promise.all([join(ann, 'lobby'), join(bob, 'lobby')]);
  await say(ann, 'lobby', 'over the wire');
  await hears(bob, 'over the wire');
  const typing = event(bob, 'typing'); // which goes over Redis alone
  ann.emit('typing', { roomId: 'lobby' });
  await typing;
  await until('both gateways', async () => (await check(env)).said.includes('2 gateways on this Redis, with the same secrets'));

  const other = { ...env, JWT_SECRET: `${JWT_SECRET} of another app` };
  hasFault(await check(other), 'gateways', /2 of 2 gateways on this Redis have other secrets/, /JWT_SECRET.*\n.*REDIS_PREFIX/);
  const stranger = await startGateway(t, other, { database });
  assert.ok(stranger.entries().some(({ level, msg }) => level === 'WARN' && /another gateway on this Redis has other secrets/.test(msg)), stranger.log);
});
