import type { Metadata } from 'next';
import { notFound } from 'next/navigation';
import { Room } from '@/chat/room';
import { findRoom, history } from '@/server/history';
import { requireUser } from '@/server/session';

type Props = { params: Promise<{ roomId: string }> };

export async function generateMetadata({ params }: Props): Promise<Metadata> {
  await requireUser();
  return { title: (await findRoom((await params).roomId))?.name };
}

export default async function RoomPage({ params }: Props) {
  await requireUser();
  const room = await findRoom((await params).roomId);
  if (!room) notFound();
  return <Room key={room.id} id={room.id} name={room.name} initial={await history(room.id)} />;
}
