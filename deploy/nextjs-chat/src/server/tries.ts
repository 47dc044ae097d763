import 'server-only';
import { headers } from 'next/headers';
import { network } from './network';

const MINUTE = 60_000;
const KEYS = 10_000; // counted at once, at most; who tried first is forgotten first

/** Counts tries by a key, at most `limit` of them in a window of so many milliseconds. In memory, so each process for itself. */
class Tries {
  #counted = new Map<string, { since: number; count: number }>();

  constructor(private limit: number, private window: number) {}

  /** Counts a try, unless it is one too many. */
  take(key: string): boolean {
    const now = Date.now();
    let tried = this.#counted.get(key);
    if (!tried || now - tried.since > this.window) {
      this.#counted.delete(key);
      if (this.#counted.size >= KEYS) this.#counted.delete(this.#counted.keys().next().value!);
      this.#counted.set(key, (tried = { since: now, count: 0 }));
    }
    if (tried.count >= this.limit) return false;
    tried.count++;
    return true;
  }

  /** Takes a try back. */
  forgive(key: string): void {
    const tried = this.#counted.get(key);
    if (tried && tried.count > 0) tried.count--; // it may have been of the window before
  }
}

const kept = globalThis as { tries?: Record<'network' | 'account' | 'registration', Tries> }; // bundles share no variables of a module

const tries = (kept.tries ??= {
  // Tries that fail, or have not been answered yet: an office behind one address is let in as fast as passwords can be checked.
  network: new Tries(20, MINUTE),
  // Against a guesser with many addresses: 2,000 a day. It also means that they can keep the owner from logging in anew.
  account: new Tries(20, 15 * MINUTE),
  // A class of 30 may sign up in one hour.
  registration: new Tries(30, 60 * MINUTE),
});

/**
 * Counts a try to log in by the client's network and by the account, whether or not there is such an account. Answers how to
 * take it back, which a login that succeeds does; undefined if it is one too many.
 */
export async function tryLogin(username: string): Promise<(() => void) | undefined> {
  const from = network(await headers());
  if (!tries.network.take(from)) return undefined;
  if (!tries.account.take(username)) return undefined;
  return () => {
    tries.network.forgive(from);
    tries.account.forgive(username);
  };
}

/** Counts a try to register by the client's network, and says whether it is allowed. */
export async function tryRegistration(): Promise<boolean> {
  return tries.registration.take(network(await headers()));
}
