import { rooms } from '@/server/history';
import { currentUser } from '@/server/session';

/** The list of rooms, as a page shows it that is open already. */
export async function GET() {
  if (!(await currentUser())) return Response.json({ error: 'log in first' }, { status: 401 });
  return Response.json({ rooms: await rooms() }, { headers: { 'Cache-Control': 'no-store' } });
}
