import type { Metadata } from 'next';
import { requireUser } from '@/server/session';
import { Mark } from '../brand';

export const metadata: Metadata = { title: 'Rooms' };

export default async function Rooms() {
  const { username } = await requireUser();
  return (
    <main className="empty nowhere">
      <Mark size={56} />
      <h1>Hello, {username}</h1>
      <p>Pick a room on the left, or open a new one.</p>
    </main>
  );
}
