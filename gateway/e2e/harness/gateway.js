// The real gateway binary, started as an operator would: by its environment, on a free port of the loopback.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { MESSAGE_KEY, PASSWORD, createDatabase } from './database.js';
import { later } from './test.js';
import { until, within } from './waiting.js';

export const JWT_SECRET = 'e2e-jwt-secret-of-at-least-32-bytes';

const GORACE = 'atexit_sleep_ms=10'; // a binary with the race detector lingers for a second otherwise

/** Part of every text that is said in the tests, and of nothing else. */
export const SPOKEN = 'never-in-a-log';

const NEVER_LOGGED = {
  'a panic': /^panic: |^fatal error: /m,
  'a data race': /DATA RACE/,
  'a token': /eyJ[\w-]{8,}/,
  'the JWT secret': new RegExp(JWT_SECRET),
  'the message key': new RegExp(MESSAGE_KEY),
  'the database password': new RegExp(PASSWORD),
  'something said': new RegExp(SPOKEN),
};

function binary() {
  if (!process.env.GATEWAY_BINARY) throw new Error('GATEWAY_BINARY is not set: run the tests by scripts/test, or scripts/test -e2e NAME');
  return process.env.GATEWAY_BINARY;
}

/**
 * Starts a gateway and waits until it listens. Variables in `env` replace the defaults; undefined unsets one.
 * Without a `database` it gets a new one. When the test is over the gateway is stopped by SIGTERM, unless it is gone
 * already, must exit 0, and must have logged nothing of NEVER_LOGGED.
 */
export async function startGateway(t, env = {}, { database } = {}) {
  if (!('DATABASE_URL' in env)) database ??= await createDatabase(t);
  const folder = await mkdtemp(join(tmpdir(), 'gateway-')); // no .env files here
  later(t, () => rm(folder, { recursive: true, force: true }));

  const gateway = new Gateway(environment({ DATABASE_URL: database?.url, ...env }), folder);
  gateway.database = database;
  later(t, () => gateway.endWell());
  await gateway.listening();
  return gateway;
}

/** Starts `socketgate demo`, which takes no variable but its port, and waits until it says its URL. Ends as startGateway's. */
export async function startDemo(t, { port = 0 } = {}) {
  const { PATH, TMPDIR = tmpdir() } = process.env;
  const demo = new Gateway({ PATH, TMPDIR, GORACE }, TMPDIR, ['demo', '-port', String(port)]);
  later(t, () => demo.endWell());
  await demo.printsURL();
  return demo;
}

/** Runs a command of the gateway to its end, in a folder that has these files. */
export async function runGateway(args, env = {}, files = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'gateway-'));
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    const { stdout, stderr } = await promisify(execFile)(binary(), args, { env: environment(env), cwd: folder, timeout: 25_000 });
    return { code: 0, stdout, stderr };
  } catch (failure) {
    if (typeof failure.code !== 'number') throw failure;
    return { code: failure.code, stdout: failure.stdout, stderr: failure.stderr };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function environment(env) {
  const all = {
    PATH: process.env.PATH,
    GORACE,
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_FORMAT: 'json',
    LOG_LEVEL: 'debug',
    JWT_SECRET,
    MESSAGE_ENCRYPTION_KEY: MESSAGE_KEY,
    ...env,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined).map(([name, value]) => [name, String(value)]));
}

class Gateway {
  #process;

  constructor(env, folder, args = []) {
    this.log = '';
    this.folder = folder;
    this.#process = spawn(binary(), args, { env, cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => (this.log += text));
    }
    this.running = true;
    /** Resolves when the process has ended and its log is complete. */
    this.ended = new Promise((resolve, reject) => {
      this.#process.once('error', reject);
      this.#process.once('close', (code, signal) => {
        this.running = false;
        const { GATEWAY_LOGS } = process.env; // a folder, to look into what a test does not tell
        if (GATEWAY_LOGS) writeFileSync(join(GATEWAY_LOGS, `${this.#process.pid}.log`), `${this.log}\nexit ${code} ${signal}\n`);
        resolve({ code, signal });
      });
    });
    this.ended.catch(() => {});
  }

  async listening() {
    const { addr } = await until('the gateway to listen', () => {
      if (!this.running) throw new Error(`the gateway did not start:\n${this.log}`);
      return this.entries().find((entry) => entry.msg === 'listening');
    }, 15_000);
    this.port = Number(addr.split(':').at(-1));
    this.host = `127.0.0.1:${this.port}`;
    this.url = `http://${this.host}`;
  }

  async printsURL() {
    this.url = await until("the demo's URL", () => {
      if (!this.running) throw new Error(`the demo did not start:\n${this.log}`);
      return this.log.match(/http:\/\/\S+/)?.[0];
    }, 15_000);
    this.port = Number(new URL(this.url).port);
  }

  get pid() {
    return this.#process.pid;
  }

  /** What was logged, line by line; lines that are not JSON (a crash's) are left out. */
  entries() {
    return this.log.split('\n').slice(0, -1).flatMap((line) => {
      try {
        return [JSON.parse(line)];
      } catch {
        return [];
      }
    });
  }

  /** Stops it, unless it is gone already, and fails unless it exits with 0 and has kept its secrets. */
  async endWell() {
    if (this.running) assert.deepEqual(await this.stop(), { code: 0, signal: null }, `exit of the gateway; its log:\n${this.log}`);
    this.assertQuietLog();
  }

  assertQuietLog() {
    for (const [what, pattern] of Object.entries(NEVER_LOGGED)) {
      const found = this.log.match(pattern);
      assert.ok(!found, `the log holds ${what}: …${this.log.slice(Math.max(0, found?.index - 300), found?.index + 2000)}…`);
    }
  }

  /** Asks it to end and waits for it: 10 s are promised. */
  stop() {
    this.#process.kill('SIGTERM');
    return within(10_000, 'the exit after SIGTERM', this.ended);
  }

  signal(name) {
    this.#process.kill(name);
  }

  /** kill -9. */
  kill() {
    this.#process.kill('SIGKILL');
    return this.ended;
  }

  /** The status of a GET, and its body; status 0 if nobody listens. */
  async get(path, { base = this.url, ...options } = {}) {
    try {
      const response = await fetch(base + path, { signal: AbortSignal.timeout(10_000), redirect: 'manual', ...options });
      return { status: response.status, body: await response.text() };
    } catch (failure) {
      if (failure.cause?.code === 'ECONNREFUSED' || failure.cause?.code === 'ECONNRESET') return { status: 0, body: '' };
      throw failure;
    }
  }

  /** Resident memory in bytes. */
  async memory() {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    return Number(status.match(/^VmRSS:\s+(\d+) kB$/m)[1]) * 1024;
  }
}
