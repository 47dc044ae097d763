'use server';

import bcrypt from 'bcrypt';
import { redirect } from 'next/navigation';
import { Prisma } from '@/generated/prisma/client';
import { database } from '@/server/database';
import { closeSession, openSession } from '@/server/session';
import { tooManyTries } from '@/server/tries';

/** What a form shows after an attempt that failed. */
export type Attempt = { username?: string; error?: string; errors?: { username?: string; password?: string } };

const COST = 12;
const NAME = /^[a-z0-9][a-z0-9_.-]{1,23}$/;
const PATIENCE = 'Too many tries. Wait a minute.';
const unknown = bcrypt.hash('nobody has this password', COST); // checked for unknown names, so that they take as long

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
  if (await tooManyTries()) return { username, error: PATIENCE };
  const user = NAME.test(username) ? await database().user.findUnique({ where: { username } }) : null;
  const fits = await bcrypt.compare(password, user?.password ?? (await unknown));
  if (!user || !fits) return { username, error: 'That name and password don’t match.' };
  await openSession({ userId: user.id, username });
  redirect(destination(form));
}

export async function register(_: Attempt, form: FormData): Promise<Attempt> {
  const { username, password } = credentials(form);
  const errors: Attempt['errors'] = {};
  if (!NAME.test(username)) errors.username = '2 to 24 letters, digits, dots, dashes or underscores.';
  if (password.length < 8) errors.password = 'At least 8 characters.';
  else if (Buffer.byteLength(password) > 72) errors.password = 'At most 72 bytes; bcrypt reads no more.';
  if (errors.username || errors.password) return { username, errors };
  if (await tooManyTries()) return { username, error: PATIENCE };

  const hash = await bcrypt.hash(password, COST);
  try {
    const user = await database().user.create({ data: { username, password: hash } });
    await openSession({ userId: user.id, username });
  } catch (failure) {
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
