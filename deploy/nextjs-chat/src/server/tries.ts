import 'server-only';
import { headers } from 'next/headers';

const LIMIT = 20; // tries of one address in a WINDOW: an office may share it
const WINDOW = 60_000; // milliseconds
const ADDRESSES = 10_000; // kept at most; who tried first is forgotten first

const tries = new Map<string, { since: number; count: number }>();

/**
 * Counts a try of the client's address to get in, and says whether it is one too many: guessing passwords must be slow,
 * and bcrypt is dear. It is counted in memory, by each process for itself. The proxy in front says whose address it is.
 */
export async function tooManyTries(): Promise<boolean> {
  const address = (await headers()).get('x-forwarded-for')?.split(',').at(-1)?.trim() ?? '';
  const now = Date.now();
  let tried = tries.get(address);
  if (!tried || now - tried.since > WINDOW) {
    tries.delete(address);
    if (tries.size >= ADDRESSES) tries.delete(tries.keys().next().value!);
    tries.set(address, (tried = { since: now, count: 0 }));
  }
  return ++tried.count > LIMIT;
}
