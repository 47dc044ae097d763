// What goes wrong in a run: each fault is a loop that breaks something and repairs it, until the run's signal ends it.
import { setMaxListeners } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';

/**
 * A fault is called with the stage ({lines, keepers, database}), chance, and a wait(milliseconds), which ends the loop by an error when
 * time is up. It leaves things repaired: see `repair`.
 */
const faults = {
  /** Everybody's network is gone for 2 s in every 10 s, each at a moment of their own. */
  async drops({ lines }, random, wait) {
    await Promise.all(lines.map(async (line) => {
      await wait(random.between(0, 8_000));
      for (;;) {
        line.down();
        await wait(2_000);
        line.up();
        await wait(8_000);
      }
    }));
  },

  /** Somebody's connections end, by FIN or RST. */
  async cuts({ lines }, random, wait) {
    for (;;) {
      await wait(random.between(0, 20_000 / lines.length));
      random.pick(lines).cut(random.chance(0.5));
    }
  },

  /** Somebody's connections take up to 300 ms longer for a while. */
  async delays({ lines }, random, wait) {
    for (;;) {
      await wait(random.between(0, 20_000 / lines.length));
      const line = random.pick(lines);
      line.delay(random.between(5, 300));
      void wait(random.between(1_000, 5_000)).then(() => line.delay(0), () => {});
    }
  },

  /** One end loses a connection and the other hears nothing of it, or nothing passes for a while. */
  async halfopen({ lines }, random, wait) {
    for (;;) {
      await wait(random.between(0, 20_000 / lines.length));
      const line = random.pick(lines);
      const away = random.between(200, 8_000);
      const kind = random.pick(['client', 'gateway', 'both']);
      if (kind === 'client') line.tearAtClient(away);
      else if (kind === 'gateway') line.tearAtGateway(away);
      else {
        line.silence();
        void wait(away).then(() => line.speak(), () => {});
      }
    }
  },

  /** kill -9 of the gateway every 6 s. */
  async kill({ keepers: [keeper] }, random, wait) {
    for (;;) {
      await wait(random.between(5_500, 6_500) - 500); // it is away for 500 of it
      await keeper.kill();
    }
  },

  /** SIGTERM, as a deploy sends it. */
  async restart({ keepers: [keeper] }, random, wait) {
    for (;;) {
      await wait(random.between(8_000, 20_000));
      await keeper.restart();
    }
  },

  /** Postgres is shut down, ended as by a power cut, or hangs. */
  async database({ database: { server } }, random, wait) {
    for (;;) {
      await wait(random.between(8_000, 20_000));
      const kind = random.pick(['stop', 'crash', 'hang']);
      const away = random.between(200, 4_000);
      if (kind === 'hang') {
        await server.signal('SIGSTOP');
        await wait(away).finally(() => server.signal('SIGCONT'));
      } else {
        await server[kind]();
        await wait(away).finally(() => server.start());
      }
    }
  },

  /** The disk of the SQLite file is full. */
  async disk({ database: { disk } }, random, wait) {
    for (;;) {
      await wait(random.between(4_000, 12_000));
      await disk.fill();
      await wait(random.between(200, 3_000)).finally(() => disk.free());
    }
  },
};

/** What can go wrong, and what of it on either database. */
export const names = Object.keys(faults);
export const namesOn = {
  postgres: names.filter((name) => name !== 'disk'),
  sqlite: names.filter((name) => name !== 'database'),
};

/** Has the named faults rage for so many milliseconds, and answers when all is repaired. */
export async function rage(stage, chosen, random, milliseconds) {
  const end = new AbortController();
  setMaxListeners(0, end.signal); // one for each wait
  const timer = setTimeout(() => end.abort(), milliseconds);
  const wait = (time) => pause(time, undefined, { signal: end.signal });
  try {
    if (chosen.length === 0) await wait(milliseconds);
    await Promise.all(chosen.map((name) => faults[name](stage, random.stream(name), wait).catch((failure) => {
      if (failure.name !== 'AbortError') throw failure;
    })));
  } finally {
    clearTimeout(timer);
    end.abort();
    for (const line of stage.lines) {
      line.up();
      line.speak();
      line.delay(0);
    }
    for (const keeper of stage.keepers) await keeper.settled();
  }
}
