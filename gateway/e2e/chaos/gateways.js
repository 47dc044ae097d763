// The gateways of a run: one, or several that are one by a Redis, to which each has a link of its own that may break.
import { startRedis, startSentinel } from '../harness/redis.js';
import { later } from '../harness/test.js';
import { Balancer } from './balancer.js';
import { Keeper } from './keeper.js';
import { Line } from './line.js';

/**
 * Starts `count` gateways with the environment, and answers {keepers, balancer, redis, links}. A `kind` of Redis is server or sentinel. `logs`
 * is a folder to keep what they log in, if any.
 */
export async function startGateways(t, { count, kind, env, logs }) {
  const redis = count > 1 ? await (kind === 'sentinel' ? startSentinel(t) : startRedis(t)) : undefined;
  const [keepers, links] = [[], []];
  for (let i = 0; i < count; i++) {
    const link = redis && kind === 'server' ? await openLine(t, new Balancer([redis.port]).route(0)) : undefined;
    if (link) links.push(link);
    const url = link ? `redis://${link.host}` : redis?.url;
    keepers.push(new Keeper(t, { ...env, REDIS_URL: url }, { logs: logs && `${logs}/gateway-${i}` }));
    await keepers[i].start();
  }
  return { keepers, balancer: new Balancer(keepers.map(({ port }) => port)), redis, links };
}

export async function openLine(t, route) {
  const line = new Line(route);
  await line.open();
  later(t, () => line.close());
  return line;
}
