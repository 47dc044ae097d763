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

/**
 * Up to 200 rooms with their last message, the liveliest first. In SQL, because Prisma's `messages: { take: 1 }` fetches all
 * messages of all rooms and throws them away here.
 */
export async function rooms(): Promise<RoomSummary[]> {
  type Joined = { id: string; name: string; createdAt: Date; last: string | null; text: string; userId: string; at: Date; username: string };
  const all = await database().$queryRaw<Joined[]>`
    SELECT room.id, room.name, room."createdAt", last.id AS last, last.text, last."userId", last."createdAt" AS at, author.username
    FROM "Room" room
    LEFT JOIN LATERAL (SELECT * FROM "Message" WHERE "roomId" = room.id ORDER BY "createdAt" DESC, id DESC LIMIT 1) last ON true
    LEFT JOIN "User" author ON author.id = last."userId"
    ORDER BY coalesce(last."createdAt", room."createdAt") DESC
    LIMIT 200`;
  return all.map(({ id, name, createdAt, last, text, userId, at, username }) => ({
    id, name, createdAt: createdAt.toISOString(),
    last: last === null ? undefined : plain({ id: last, text, userId, roomId: id, createdAt: at, user: { username } }),
  }));
}

export async function findRoom(id: string) {
  if (id.includes('\0')) return null; // PostgreSQL takes that for an error
  return database().room.findUnique({ where: { id }, select: { id: true, name: true } });
}
