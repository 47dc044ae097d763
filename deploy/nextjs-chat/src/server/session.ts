import 'server-only';
import { cookies, headers } from 'next/headers';
import { redirect } from 'next/navigation';
import { cache } from 'react';
import { database } from './database';
import { COOKIE, type User, sign, verify } from './token';

const WEEK = 7 * 24 * 60 * 60;

/** Logs the user in: a signed token in a cookie that no script can read. */
export async function openSession(user: User): Promise<void> {
  (await cookies()).set(COOKIE, sign(user, WEEK), {
    httpOnly: true,
    sameSite: 'lax',
    secure: (await headers()).get('x-forwarded-proto') === 'https',
    path: '/',
    maxAge: WEEK,
  });
}

export async function closeSession(): Promise<void> {
  (await cookies()).delete(COOKIE);
}

/** The user who is logged in. A token that outlived its account is nobody's. Asked once per request. */
export const currentUser = cache(async (): Promise<User | undefined> => {
  const user = verify((await cookies()).get(COOKIE)?.value);
  return user && (await database().user.findUnique({ where: { id: user.userId }, select: { id: true } })) ? user : undefined;
});

/** The user who is logged in. Anybody else is sent to log in. */
export async function requireUser(): Promise<User> {
  return (await currentUser()) ?? redirect('/login');
}
