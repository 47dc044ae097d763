// A clock for a process that may stand still: timers of a second and more go by it, all others by the real one.
const LONG = 1_000;

/** Until the test is over. What it returns lets time pass in which the process had no turn: as in Node, a timer that is due then comes once, whatever it has missed. */
function standingClock(t) {
  const real = { setTimeout, setInterval, clearTimeout, clearInterval };
  const timers = new Set();
  let now = 0;
  const long = (make, again) => (run, wait = 0, ...args) => {
    if (wait < LONG) return make(run, wait, ...args);
    const timer = { due: now + wait, again: again ? wait : undefined, run: () => run(...args), unref: () => timer, ref: () => timer };
    timers.add(timer);
    return timer;
  };
  const stop = (clear) => (timer) => void (timers.delete(timer) || clear(timer));
  Object.assign(globalThis, {
    setTimeout: long(real.setTimeout, false), setInterval: long(real.setInterval, true),
    clearTimeout: stop(real.clearTimeout), clearInterval: stop(real.clearInterval),
  });
  t.after(() => Object.assign(globalThis, real));
  return (ms) => {
    now += ms;
    for (const timer of [...timers].filter(({ due }) => due <= now)) {
      if (timer.again) timer.due = now + timer.again;
      else timers.delete(timer);
      timer.run();
    }
  };
}

module.exports = { standingClock };
