// A gateway to which an app's own server attaches, and that app: a process of its own, started and killed as a deploy does.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { io } from 'socket.io-client';
import { startGateway } from './gateway.js';
import { later } from './test.js';
import { event, until } from './waiting.js';

const APP = fileURLToPath(new URL('../attached/app.js', import.meta.url));

/** A gateway that leaves everything to the app. `attachAt` and `key` are what the app dials it by. */
export async function startAttachable(t, env = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'attach-'));
  later(t, () => rm(folder, { recursive: true, force: true }));
  const key = randomBytes(32).toString('base64');
  const path = join(folder, 'attach.sock');
  const gateway = await startGateway(t, {
    DATABASE_URL: undefined, JWT_SECRET: undefined, MESSAGE_ENCRYPTION_KEY: undefined,
    HANDLERS: 'app', ATTACH_ADDR: path, ATTACH_KEY: key, POLLING: 'full', ...env,
  });
  return Object.assign(gateway, { attachAt: `unix:${path}`, key });
}

/** Starts the app before these gateways and waits until it has their clients, or says what `until` names. */
export async function startApp(t, gateways, env = {}, { says = 'ready' } = {}) {
  const all = [gateways].flat();
  const child = spawn(process.execPath, [APP], {
    env: { PATH: process.env.PATH, SOCKETGATE_URL: all.map((gateway) => gateway.attachAt).join(), SOCKETGATE_KEY: all[0].key, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const app = { pid: child.pid, seen: [], errors: '', running: true };
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (more) => {
    const lines = (text += more).split('\n');
    text = lines.pop();
    app.seen.push(...lines.map((line) => JSON.parse(line)));
  });
  child.stderr.setEncoding('utf8').on('data', (more) => (app.errors += more));
  app.ended = new Promise((resolve) => child.once('close', (code, signal) => {
    app.running = false;
    resolve({ code, signal });
  }));
  app.kill = (signal) => {
    child.kill(signal);
    return app.ended;
  };
  /** What it saw under this name. */
  app.all = (name) => app.seen.filter(([each]) => each === name).map(([, ...rest]) => rest);
  later(t, () => app.kill('SIGKILL'));
  await until(`the app to say ${says}`, () => {
    if (!app.running) throw new Error(`the app ended:\n${app.errors}`);
    return app.all(says).length > 0;
  }, 15_000);
  return app;
}

/**
 * An official client of the gateway that is connected. `endings` are the reasons of its disconnects, `known` its ids, `told` all events with
 * their arguments, from the first one on.
 */
export async function visit(t, gateway, options = {}, nsp = '') {
  const socket = io(gateway.url + nsp, { forceNew: true, transports: ['websocket'], reconnectionDelay: 20, reconnectionDelayMax: 100, ...options });
  Object.assign(socket, { endings: [], known: [], refusals: [], told: [] });
  socket.onAny((...what) => socket.told.push(what));
  socket.on('connect', () => socket.known.push(socket.id));
  socket.on('disconnect', (reason) => socket.endings.push(reason));
  socket.on('connect_error', (error) => socket.refusals.push(error));
  later(t, () => socket.disconnect());
  await event(socket, 'connect', 10_000);
  return socket;
}

export { ask } from './people.js';
