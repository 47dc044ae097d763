// Waiting for something to become true, never for time to pass.
import { setTimeout as pause } from 'node:timers/promises';

/** The first truthy answer of condition (which may be async), or an error that says what never came. */
export async function until(what, condition, within = 5_000) {
  const deadline = performance.now() + within;
  for (;;) {
    const answer = await condition();
    if (answer) return answer;
    if (performance.now() > deadline) throw new Error(`waited ${within} ms in vain for ${what}`);
    await pause(5);
  }
}

/** The arguments of the next event of that name. */
export function event(emitter, name, within = 5_000) {
  return new Promise((resolve, reject) => {
    const arrived = (...args) => {
      clearTimeout(timer);
      resolve(args);
    };
    const timer = setTimeout(() => {
      emitter.off(name, arrived);
      reject(new Error(`waited ${within} ms in vain for the event ${name}`));
    }, within);
    emitter.once(name, arrived);
  });
}

/** The promise's result, if it comes in time. */
export function within(milliseconds, what, promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${milliseconds} ms`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
