// Keeps a gateway running on one port, as systemd or Docker would, and kills it when told to.
import { writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { startGateway } from '../harness/gateway.js';
import { freePort } from '../harness/ports.js';
import { Counters } from './metrics.js';

const RESTART = 500; // milliseconds between an end and the next start

export class Keeper {
  #t;
  #env;
  #logs;
  #gateway;
  #admin;
  #turn = Promise.resolve(); // one thing at a time
  #expected = false;

  /** `logs` is what the files begin with that keep what each of its gateways logged, if any are to. */
  constructor(t, env, { logs } = {}) {
    this.#t = t;
    this.#env = env;
    this.#logs = logs;
    /** How it ended by itself, each time. */
    this.collapses = [];
    this.counters = new Counters();
    this.starts = 0;
    /** When it was ended, as performance.now(). */
    this.ends = [];
  }

  async start() {
    for (let tries = 1; ; tries++) { // somebody else may take a port meanwhile
      this.port = await freePort();
      this.#admin = `127.0.0.1:${await freePort()}`;
      try {
        return await this.#up(1);
      } catch (failure) {
        if (tries === 5) throw failure;
      }
    }
  }

  /** kill -9, and a restart in half a second. */
  kill() {
    return this.#end(() => this.#gateway.kill());
  }

  /** SIGTERM, as a deploy sends it, and a restart. The chronicle is told, if there is one. */
  restart(chronicle) {
    return this.#end(() => {
      chronicle?.restarts.push(performance.now());
      return this.#gateway.stop();
    });
  }

  /** SIGSTOP, and SIGCONT so many milliseconds later. The chronicle is told. */
  freeze(milliseconds, chronicle) {
    this.#turn = this.#turn.then(async () => {
      const stop = chronicle.standsStill(this.port);
      this.#gateway.signal('SIGSTOP');
      await pause(milliseconds);
      this.#gateway.signal('SIGCONT');
      stop.to = performance.now();
    });
    return this.#turn;
  }

  /** Ends it for good, and fails unless it exits with 0. */
  async stop() {
    await this.#turn;
    this.#expected = true;
    await this.#count();
    await this.#gateway.endWell();
  }

  /** Once nothing is on the way any more. */
  settled() {
    return this.#turn;
  }

  async #count() {
    const metrics = await this.counters.add(this.#admin);
    if (this.#logs) await writeFile(`${this.#logs}-${this.starts}.metrics`, metrics);
  }

  #end(how) {
    this.#turn = this.#turn.then(async () => {
      this.#expected = true;
      await this.#count();
      this.ends.push(performance.now());
      await how();
      await pause(RESTART);
      await this.#up();
    });
    return this.#turn;
  }

  /** Starts it, again and again: without its database it ends at once. */
  async #up(most = 60) {
    for (let tries = 1; ; tries++) {
      try {
        const gateway = await startGateway(this.#t, { ...this.#env, PORT: this.port, ADMIN_ADDR: this.#admin });
        this.#gateway = gateway;
        this.#expected = false;
        this.starts++;
        if (this.#logs) void gateway.ended.then(() => writeFile(`${this.#logs}-${this.starts}.log`, gateway.log));
        void gateway.ended.then((how) => {
          if (this.#expected || gateway !== this.#gateway) return;
          this.collapses.push(`${JSON.stringify(how)}: ${gateway.log.slice(-2000)}`);
          void this.#end(() => {});
        });
        return;
      } catch (failure) {
        if (tries === most) throw failure;
        await pause(RESTART);
      }
    }
  }
}
