import 'server-only';
import type { Message, RoomSummary } from '@/chat/message';
import { database } from './database';
import { decrypt } from './message-text';

/** Most messages in one answer. */
export const PAGE = 50;

const row = { id: true, text: true, userId: true, roomId: true, createdAt: true, user: { select: { username: true } } } as const;

type Row = { id: string; text: string; userId: string; roomId: string; createdAt: Date; user: { username: string } };

function plain({ user, text, createdAt, ...rest }: Row): Message {
  const read = decrypt(text);
  return { ...rest, username: user.username, text: read ?? '', unreadable: read === undefined, createdAt: createdAt.toISOString() };
}

/**
 * Up to PAGE messages of a room, oldest first: the last ones, those until `before`, or the first ones from `since`. Both
 * bounds are inclusive, so that nothing is missed where two messages share a moment.
 */
export async function history(roomId: string, { before, since }: { before?: Date; since?: Date } = {}): Promise<Message[]> {
  const rows = await database().message.findMany({
    where: { roomId, createdAt: { lte: before, gte: since } },
    orderBy: [{ createdAt: since ? 'asc' : 'desc' }, { id: since ? 'asc' : 'desc' }],
    take: PAGE,
    select: row,
  });
  const messages = rows.map(plain);
  return since ? messages : messages.reverse();
}

/** All rooms with their last message, the liveliest first. */
export async function rooms(): Promise<RoomSummary[]> {
  const all = await database().room.findMany({
    orderBy: { createdAt: 'desc' },
    take: 200,
    select: { id: true, name: true, createdAt: true, messages: { orderBy: { createdAt: 'desc' }, take: 1, select: row } },
  });
  return all.map(({ id, name, createdAt, messages: [last] }) => ({
    id, name, createdAt: createdAt.toISOString(), last: last && plain(last),
  }));
}

export function findRoom(id: string) {
  return database().room.findUnique({ where: { id }, select: { id: true, name: true } });
}
