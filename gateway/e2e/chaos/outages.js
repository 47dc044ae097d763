// What goes wrong where gateways are several: one thing at a time, or two, each repaired at once and followed by calm.
import { setTimeout as pause } from 'node:timers/promises';
import { rage } from './faults.js';

const LINES = 6_000; // milliseconds for which lines break
const BACK = 1_500; // from a gateway's start until the next one is stopped: the proxy leaves it out for a second

/** An outage is called with the stage ({lines, keepers, balancer, links, redis, database}) and chance, and answers when it is repaired. */
const outages = {
  /** kill -9 of a gateway. */
  async kill({ keepers }, random) {
    await random.pick(keepers).kill();
  },

  /** SIGSTOP of a gateway. The proxy finds out, and sends its clients elsewhere, or does not. */
  async stop({ keepers, balancer, lines, chronicle }, random) {
    const keeper = random.pick(keepers);
    const away = random.between(500, 8_000);
    const frozen = keeper.freeze(away, chronicle);
    if (random.chance(0.5)) {
      await pause(random.between(0, 2_000));
      balancer.leaveOut(keeper.port, away);
      for (const line of lines) line.cut(false, keeper.port);
    }
    await frozen;
  },

  /** SIGTERM to one gateway after the other, as a deploy does it. */
  async roll({ keepers, chronicle }) {
    for (const keeper of keepers) {
      await keeper.restart(chronicle);
      await pause(BACK);
    }
  },

  /** Redis is killed, and comes back empty. */
  async redis({ redis }, random) {
    await redis.kill();
    await pause(random.between(200, 6_000)).finally(() => redis.start());
  },

  /** Somebody flushes Redis. */
  async flush({ redis }) {
    await redis.ask('FLUSHALL').catch(() => {}); // it may be away at the same time
  },

  /** SIGSTOP of Redis. */
  async hush({ redis }, random) {
    redis.signal('SIGSTOP');
    await pause(random.between(500, 8_000)).finally(() => redis.signal('SIGCONT'));
  },

  /** Redis answers, and takes no writes, nobody new, or nothing for a while, or has another database's keys. */
  async refuse({ redis }, random) {
    const [wrong, ...right] = random.pick([
      ['CONFIG SET maxmemory 1', 'CONFIG SET maxmemory 0'], // noeviction
      ['CONFIG SET min-replicas-to-write 1', 'CONFIG SET min-replicas-to-write 0'],
      ['REPLICAOF 127.0.0.1 1', 'REPLICAOF NO ONE'],
      ['CLIENT PAUSE 5000 WRITE', 'CLIENT UNPAUSE'],
      ['CONFIG SET client-output-buffer-limit "pubsub 1 1 1"', 'CONFIG SET client-output-buffer-limit "pubsub 0 0 0"'],
      ['CLIENT KILL TYPE pubsub', 'CLIENT KILL TYPE normal', 'SCRIPT FLUSH'],
      ['CONFIG SET maxclients 1; CLIENT KILL TYPE pubsub; CLIENT KILL TYPE normal', 'CONFIG SET maxclients 10000'],
      ['CONFIG SET requirepass another; CLIENT KILL TYPE pubsub; CLIENT KILL TYPE normal', 'CONFIG SET requirepass ""'],
      ['SWAPDB 0 1', 'SWAPDB 0 1'],
    ]);
    await redis.whileInside(async (ask) => {
      for (const command of wrong.split('; ')) await ask(command);
      await pause(random.between(200, 6_000));
      for (const command of right) await ask(command);
    }).catch(() => {}); // it may be away at the same time
  },

  /** Redis throws away what it holds, key by key. */
  async evict({ redis }, random) {
    for (const command of ['CONFIG SET maxmemory-policy allkeys-random', 'CONFIG SET maxmemory 1']) await redis.ask(command).catch(() => {});
    await pause(random.between(200, 4_000));
    for (const command of ['CONFIG SET maxmemory 0', 'CONFIG SET maxmemory-policy noeviction']) await redis.ask(command).catch(() => {});
  },

  /** A gateway's packets to Redis are lost, or it is refused. */
  async partition({ links }, random) {
    const link = random.pick(links);
    if (random.chance(0.5)) link.silence();
    else link.down();
    await pause(random.between(500, 8_000)).finally(() => (link.speak(), link.up()));
  },

  /** The master of Redis is killed, and Sentinel makes its replica one. */
  async failover({ redis }) {
    const { repaired } = await redis.failover();
    await pause(2_000);
    await repaired();
  },

  /** Postgres is shut down, ended as by a power cut, or hangs. */
  async database({ database: { server } }, random) {
    const kind = random.pick(['stop', 'crash', 'hang']);
    const away = random.between(200, 4_000);
    if (kind === 'hang') {
      await server.signal('SIGSTOP');
      await pause(away).finally(() => server.signal('SIGCONT'));
    } else {
      await server[kind]();
      await pause(away).finally(() => server.start());
    }
  },
};
for (const name of ['drops', 'cuts', 'delays', 'halfopen']) outages[name] = (stage, random) => rage(stage, [name], random, LINES);

const SENTINEL = ['failover'];
const ALONE = ['redis', 'flush', 'hush', 'refuse', 'evict', 'partition']; // where there is one server, which links lead to

/** What can go wrong with a Redis that is one server, and with one that Sentinel watches. */
export const namesOn = {
  server: Object.keys(outages).filter((name) => !SENTINEL.includes(name)),
  sentinel: Object.keys(outages).filter((name) => !ALONE.includes(name)),
};

/**
 * Has the chosen ones happen by turns, in an order of chance, sometimes two at once and always those that are chosen as one (`roll+delays`),
 * until the milliseconds are over. The chronicle is told of each, and `calm` waited for after it.
 */
export async function takeTurns(stage, chosen, random, milliseconds, calm) {
  const end = performance.now() + milliseconds;
  for (let n = 0, left = []; performance.now() < end; n++) {
    if (left.length === 0) left = shuffled(chosen, random);
    const names = left.splice(0, random.chance(0.25) ? 2 : 1).flatMap((name) => name.split('+'));
    stage.chronicle.begins(names.join('+'));
    await Promise.all(names.map((name) => outages[name](stage, random.stream(`${n} ${name}`))));
    for (const keeper of stage.keepers) await keeper.settled();
    stage.chronicle.repaired();
    await calm();
  }
}

function shuffled(list, random) {
  return list.map((name) => [random.next(), name]).sort(([a], [b]) => a - b).map(([, name]) => name);
}
