// An app that was written for socket.io alone and is behind a gateway now: a process in its own folder, which is deployed anew.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { later } from './test.js';
import { until, within } from './waiting.js';

/** The folder that scripts/proof has prepared: what was fetched, patched and installed. */
export function prepared(name) {
  if (!process.env.PROOF) throw new Error('PROOF is not set: run the tests by scripts/proof');
  return join(process.env.PROOF, name);
}

/** An app in a folder, by arguments for Node. `processes` is how many of its processes attach. */
export function movedApp(t, gateway, folder, args, { env = {}, processes = 1 } = {}) {
  const app = new MovedApp(gateway, folder, args, env, processes);
  later(t, () => app.end('SIGKILL'));
  return app;
}

class MovedApp {
  #command;
  #child;

  constructor(gateway, folder, args, env, processes) {
    this.#command = [args, {
      cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, SOCKETGATE_URL: gateway.attachAt, SOCKETGATE_KEY: gateway.key, ...env },
    }];
    this.processes = processes;
  }

  /** Starts a process and waits until all that attach have. `log` is what this process says. */
  async start() {
    const child = spawn(process.execPath, ...this.#command);
    this.#child = child;
    this.log = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (this.log += text));
    this.ended = new Promise((resolve) => child.once('close', () => resolve((this.#child = undefined))));
    await until('the app to be attached', () => {
      if (!this.#child) throw new Error(`the app ended:\n${this.log}`);
      return this.log.split('attached to gateway').length > this.processes;
    }, 60_000).catch((failure) => {
      throw new Error(`${failure.message}\n${this.log}`, { cause: failure });
    });
  }

  /** Sends a signal to its process and those that it has started, as platforms do, and waits for their end. */
  async end(signal) {
    if (!this.#child) return;
    process.kill(-this.#child.pid, signal);
    await within(15_000, `the end of the app by ${signal}`, this.ended);
  }

  /** Ends the process by SIGTERM, lets `meanwhile` happen while there is none, and starts the next one. */
  async deploy(meanwhile = () => {}) {
    await this.end('SIGTERM');
    await meanwhile();
    await this.start();
  }
}
