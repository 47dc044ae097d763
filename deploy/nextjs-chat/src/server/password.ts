import 'server-only';
import bcrypt from 'bcrypt';

const COST = Math.max(10, Number(process.env.PASSWORD_COST) || 12); // 12: a quarter of a second of one core
const WAITING = 32; // for bcrypt at once, at most: some seconds on a small machine

const nobodys = bcrypt.hash('nobody has this password', COST);
let waiting = 0;

/** Thrown when so many wait for their password to be checked that one more would wait for too long. */
export class Busy extends Error {}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (waiting >= WAITING) throw new Busy('too many passwords to check');
  waiting++;
  try {
    return await work();
  } finally {
    waiting--;
  }
}

export function hash(password: string): Promise<string> {
  return inTurn(() => bcrypt.hash(password, COST));
}

/** Whether the password fits the hash. Without one, of a name that nobody has, the answer is no and takes as long. */
export function fits(password: string, hash: string | undefined): Promise<boolean> {
  return inTurn(async () => (await bcrypt.compare(password, hash ?? (await nobodys))) && hash !== undefined);
}
