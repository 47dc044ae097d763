import type { NextRequest } from 'next/server';
import { findRoom, history } from '@/server/history';
import { currentUser } from '@/server/session';

type Context = { params: Promise<{ roomId: string }> };

/** A time that the database can compare with: JavaScript knows earlier and later ones. */
function moment(value: string | null): Date | undefined {
  const date = new Date(value ?? NaN);
  return date.getTime() >= 0 && date.getUTCFullYear() <= 9999 ? date : undefined;
}

/** A room's messages from `since` on, or until `before`. */
export async function GET(request: NextRequest, { params }: Context) {
  if (!(await currentUser())) return Response.json({ error: 'log in first' }, { status: 401 });
  const since = moment(request.nextUrl.searchParams.get('since'));
  const before = moment(request.nextUrl.searchParams.get('before'));
  if (!since === !before) return Response.json({ error: 'either since or before must be a time' }, { status: 400 });
  const { roomId } = await params;
  if (!(await findRoom(roomId))) return Response.json({ error: 'no such room' }, { status: 404 });
  return Response.json({ messages: await history(roomId, { since, before }) }, { headers: { 'Cache-Control': 'no-store' } });
}
