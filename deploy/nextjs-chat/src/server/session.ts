import 'server-only';
import { randomUUID } from 'node:crypto';
import { cookies, headers } from 'next/headers';
import { redirect } from 'next/navigation';
import { cache } from 'react';
import { database } from './database';
import { byHTTPS } from './site';
import { COOKIE, type User, sign, verify } from './token';

const WEEK = 7 * 24 * 60 * 60;

/** Sets the cookie, for so many seconds; for 0 to take it back. No script can read it, and no other site's page can use it. */
async function setCookie(value: string, maxAge: number): Promise<void> {
  const secure = COOKIE.startsWith('__') || byHTTPS(await headers()); // browsers refuse __Host- and __Secure- without
  (await cookies()).set(COOKIE, value, { httpOnly: true, sameSite: 'lax', secure, path: '/', maxAge });
}

async function loggedIn() {
  return verify((await cookies()).get(COOKIE)?.value);
}

/** Logs the user in: a row for the login, and a signed token in the cookie. A login that the browser had before ends. */
export async function openSession(user: User): Promise<void> {
  const before = await loggedIn();
  const [id, issued] = [randomUUID(), Math.floor(Date.now() / 1000)];
  const [createdAt, expiresAt] = [issued, issued + WEEK].map((seconds) => new Date(seconds * 1000)) as [Date, Date];
  await database().$transaction([
    database().session.deleteMany({ where: { OR: [{ id: before?.sessionId ?? '' }, { userId: user.userId, expiresAt: { lt: createdAt } }] } }),
    database().session.create({ data: { id, userId: user.userId, createdAt, expiresAt } }),
  ]);
  await setCookie(sign(user, { id, issued }, WEEK), WEEK);
}

/** Logs the user out. The token is worth nothing from now on, whoever has copied it. */
export async function closeSession(): Promise<void> {
  const user = await loggedIn();
  if (user) await database().session.deleteMany({ where: { id: user.sessionId } });
  await setCookie('', 0);
}

/** The user who is logged in. A token whose login has ended, or whose account is gone, is nobody's. Asked once per request. */
export const currentUser = cache(async (): Promise<User | undefined> => {
  const user = await loggedIn();
  if (!user) return undefined;
  const session = await database().session.findUnique({ where: { id: user.sessionId }, select: { userId: true } });
  return session?.userId === user.userId ? { userId: user.userId, username: user.username } : undefined;
});

/** The user who is logged in. Anybody else is sent to log in. */
export async function requireUser(): Promise<User> {
  return (await currentUser()) ?? redirect('/login');
}
