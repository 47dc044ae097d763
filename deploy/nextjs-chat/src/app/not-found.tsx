import Link from 'next/link';

export default function NotFound() {
  return (
    <main className="empty page">
      <h1>There is no such page</h1>
      <p>It may have been a slip in the address.</p>
      <Link className="button" href="/rooms">All rooms</Link>
    </main>
  );
}
