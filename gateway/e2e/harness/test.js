// A test with a deadline of its own, and undoing in reverse order: what was started last is taken down first.
import nodeTest, { after, suite } from 'node:test';

const undone = new WeakMap();

/** Registers a promise to keep. `timeout` is in milliseconds and covers everything but the taking down. */
export function test(name, run, { timeout = 60_000 } = {}) {
  nodeTest(name, { timeout }, run);
}

/** Calls undo when the test is over, before everything that was registered earlier. The first failure is the test's. */
export function later(t, undo) {
  if (!undone.has(t)) {
    const stack = [];
    undone.set(t, stack);
    t.after(async () => {
      const failures = [];
      while (stack.length > 0) {
        try {
          await stack.pop()();
        } catch (failure) {
          failures.push(failure);
        }
      }
      if (failures.length > 0) throw failures[0];
    });
  }
  undone.get(t).push(undo);
}

/**
 * In a test's place, for what is started one after the other: all of it is undone where the first of it would be, and so
 * outlives whatever was started since.
 */
export function inOnePlace(t) {
  return { after: (undo) => later(t, undo) };
}

/**
 * What several tests of a suite use that leave nothing behind in it which another would find: start(t) is called when the first of
 * them asks for it by the function that is answered, and all is undone when the suite is over.
 */
export function shared(start) {
  const undoes = [];
  let started;
  after(async () => {
    for (const undo of undoes) await undo();
  });
  return () => (started ??= start({ after: (undo) => undoes.push(undo) }));
}

/** Runs the tests that declare registers two at a time, so that one which must wait for real time holds nobody up. */
export function sideBySide(name, declare) {
  suite(name, { concurrency: 2 }, declare);
}
