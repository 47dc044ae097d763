'use server';

import { revalidatePath } from 'next/cache';
import { redirect } from 'next/navigation';
import { database } from '@/server/database';
import { requireUser } from '@/server/session';
import { socketgate } from '@/server/socketgate';

export type Naming = { name?: string; error?: string };

export async function createRoom(_: Naming, form: FormData): Promise<Naming> {
  const { userId } = await requireUser();
  const name = String(form.get('name') ?? '').replace(/[\s\p{Cc}]+/gu, ' ').trim();
  if (!name) return { error: 'A room needs a name.' };
  if (name.length > 60) return { name, error: 'At most 60 characters.' };
  const room = await database().room.create({ data: { name, ownerId: userId } });
  // The room is there, whether or not open pages hear of it now: they look again when their readers come back to them.
  if (process.env.SOCKETGATE_URL) await socketgate.emit('rooms_changed', [], { all: true }).catch(console.warn);
  revalidatePath('/rooms', 'layout');
  redirect(`/rooms/${room.id}`);
}
