import { database } from '@/server/database';

/** For health checks: 200 if the tables can be read, 503 if not. */
export async function GET() {
  try {
    await database().message.findFirst({ select: { id: true } });
    return Response.json({ ok: true });
  } catch {
    return Response.json({ ok: false }, { status: 503 });
  }
}

export const dynamic = 'force-dynamic';
