// A Redis of a test's own, on a free port, that keeps nothing.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './ports.js';
import { later } from './test.js';
import { until } from './waiting.js';

/** Starts a redis-server, which ends with the test. */
export async function startRedis(t, ...options) {
  return startRedisAt(t, await freePort(), ...options);
}

/** The same on a port that somebody insists on. */
export async function startRedisAt(t, port, ...options) {
  const folder = await mkdtemp(join(tmpdir(), 'redis-')); // a replica writes into it what its master sends
  later(t, () => rm(folder, { recursive: true, force: true }));
  const redis = new Redis(port, folder);
  later(t, () => redis.kill());
  await redis.start(...options);
  return redis;
}

/** Starts two servers, of which a redis-sentinel lets the one that lives be the master. They end with the test. */
export async function startSentinel(t) {
  const folder = await mkdtemp(join(tmpdir(), 'sentinel-'));
  later(t, () => rm(folder, { recursive: true, force: true }));
  const master = await startRedis(t);
  const servers = [master, await startRedis(t, '--replicaof', '127.0.0.1', master.port)];
  const sentinel = new Sentinel(await freePort(), servers, folder);
  later(t, () => sentinel.kill());
  await sentinel.start();
  return sentinel;
}

/** Starts a Redis Cluster of three masters. It ends with the test. */
export async function startRedisCluster(t) {
  const servers = [];
  for (let i = 0; i < 3; i++) servers.push(await startRedis(t, '--cluster-enabled', 'yes', '--cluster-node-timeout', '1000'));
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`);
  await promisify(execFile)('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes']);
  await until('the cluster', async () => {
    const states = await Promise.all(servers.map((server) => server.ask('CLUSTER INFO')));
    return states.every((state) => state.includes('cluster_state:ok'));
  }, 20_000);
  return servers[0];
}

class Redis {
  #process;

  constructor(port, folder) {
    Object.assign(this, { port, folder });
    this.url = `redis://127.0.0.1:${port}`;
  }

  /** Starts it, empty, also after kill. */
  start(...options) {
    return this.spawn('redis-server', ['--port', this.port, '--bind', '127.0.0.1', '--dir', this.folder, '--save', '', '--appendonly', 'no', ...options]);
  }

  async spawn(command, args) {
    this.#process = spawn(command, args, { stdio: 'ignore' });
    this.#process.on('error', (failure) => (this.failure = failure)); // not installed
    await until(`${command} to listen`, () => {
      if (this.failure) throw this.failure;
      return reachable(this.port);
    });
  }

  /** kill -9. */
  async kill() {
    if (this.#process?.exitCode !== null || this.#process.signalCode) return;
    const ended = new Promise((resolve) => this.#process.once('close', resolve));
    this.#process.kill('SIGKILL');
    await ended;
  }

  signal(name) {
    this.#process.kill(name);
  }

  /** What it answers to a command, as it comes over the line. */
  async ask(command) {
    const [answer] = await this.whileInside((ask) => ask(command));
    return answer;
  }

  /** Asks one thing after the other by one connection, as `f` does, and returns what f does: also where nobody else is let in meanwhile. */
  async whileInside(f) {
    const socket = connect(this.port, '127.0.0.1').on('error', () => {}); // of which the wait below tells
    try {
      socket.setEncoding('utf8');
      return await f((command) => {
        socket.write(`${command}\r\n`);
        return once(socket, 'data', { signal: AbortSignal.timeout(5_000) });
      });
    } finally {
      socket.destroy();
    }
  }
}

const MASTER_SET = 'chat';

class Sentinel extends Redis {
  #servers;

  constructor(port, servers, folder) {
    super(port, folder);
    this.#servers = servers;
    this.url = `redis://127.0.0.1:${port}/?master_set=${MASTER_SET}`;
  }

  async start() {
    const file = join(this.folder, 'sentinel.conf'); // it writes into it
    await writeFile(file, `port ${this.port}\nbind 127.0.0.1\nsentinel monitor ${MASTER_SET} 127.0.0.1 ${this.#servers[0].port} 1\n` +
      `sentinel down-after-milliseconds ${MASTER_SET} 500\nsentinel failover-timeout ${MASTER_SET} 3000\n`);
    await this.spawn('redis-sentinel', [file]);
    await this.#redundant();
  }

  /** The server that is the master now. */
  async master() {
    const answer = await this.ask(`SENTINEL GET-MASTER-ADDR-BY-NAME ${MASTER_SET}`);
    return this.#servers.find(({ port }) => answer.includes(`\r\n${port}\r\n`));
  }

  /** kill -9 of the master. Answers when the other is it; `repaired` when the old one is its replica. */
  async failover() {
    const old = await this.master();
    const other = this.#servers.find((server) => server !== old);
    await old.kill();
    await until('the failover', async () => (await this.master()) === other, 15_000);
    return {
      repaired: async () => {
        await old.start('--replicaof', '127.0.0.1', other.port);
        await this.#redundant();
      },
    };
  }

  #redundant() {
    return until('the replica', async () => {
      const state = await this.ask(`SENTINEL REPLICAS ${MASTER_SET}`);
      return state.includes('master-link-status\r\n$2\r\nok') && state.includes('flags\r\n$5\r\nslave\r\n');
    }, 20_000);
  }
}

function reachable(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    }).on('error', () => resolve(false));
  });
}
