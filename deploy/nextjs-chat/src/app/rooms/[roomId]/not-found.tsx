import Link from 'next/link';

export default function NoRoom() {
  return (
    <main className="empty">
      <h1>There is no such room</h1>
      <p>It may have been a slip in the address.</p>
      <Link className="button" href="/rooms">All rooms</Link>
    </main>
  );
}
