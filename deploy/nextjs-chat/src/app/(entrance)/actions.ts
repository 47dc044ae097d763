'use server';

import { redirect } from 'next/navigation';
import { Prisma } from '@/generated/prisma/client';
import { database } from '@/server/database';
import { Busy, fits, hash } from '@/server/password';
import { closeSession, openSession } from '@/server/session';
import { tryLogin, tryRegistration } from '@/server/tries';

/** What a form shows after an attempt that failed. */
export type Attempt = { username?: string; error?: string; errors?: { username?: string; password?: string } };

const NAME = /^[a-z0-9][a-z0-9_.-]{1,23}$/;
const TOO_MANY = 'Too many tries. Wait some minutes.';
const BUSY = 'Many people are logging in. Try again in a moment.';
const WRONG = 'That name and password don’t match.';

function credentials(form: FormData) {
  return {
    username: String(form.get('username') ?? '').trim().toLowerCase(),
    password: String(form.get('password') ?? ''),
  };
}

/** Only a path of this app: `next` comes from the address bar. */
function destination(form: FormData): string {
  const next = String(form.get('next') ?? '');
  return /^\/rooms(\/[\w-]+)?$/.test(next) ? next : '/rooms';
}

export async function login(_: Attempt, form: FormData): Promise<Attempt> {
  const { username, password } = credentials(form);
  const forgive = await tryLogin(NAME.test(username) ? username : '');
  if (!forgive) return { username, error: TOO_MANY };
  try {
    const user = NAME.test(username) ? await database().user.findUnique({ where: { username } }) : null;
    if (!(await fits(password, user?.password)) || !user) return { username, error: WRONG };
    forgive();
    await openSession({ userId: user.id, username });
  } catch (failure) {
    if (!(failure instanceof Busy)) throw failure;
    forgive();
    return { username, error: BUSY };
  }
  redirect(destination(form));
}

export async function register(_: Attempt, form: FormData): Promise<Attempt> {
  const { username, password } = credentials(form);
  const errors: Attempt['errors'] = {};
  if (!NAME.test(username)) errors.username = '2 to 24 letters, digits, dots, dashes or underscores.';
  if (password.length < 8) errors.password = 'At least 8 characters.';
  else if (Buffer.byteLength(password) > 72) errors.password = 'At most 72 bytes; bcrypt reads no more.';
  if (errors.username || errors.password) return { username, errors };
  if (!(await tryRegistration())) return { username, error: 'Too many new accounts from here. Try again in an hour.' };

  try {
    const user = await database().user.create({ data: { username, password: await hash(password) } });
    await openSession({ userId: user.id, username });
  } catch (failure) {
    if (failure instanceof Busy) return { username, error: BUSY };
    if (failure instanceof Prisma.PrismaClientKnownRequestError && failure.code === 'P2002') {
      return { username, errors: { username: 'That name is taken.' } };
    }
    throw failure;
  }
  redirect(destination(form));
}

export async function logout(): Promise<void> {
  await closeSession();
  redirect('/login');
}
