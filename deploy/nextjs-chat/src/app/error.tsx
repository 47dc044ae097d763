'use client';

export default function Failure({ reset }: { error: Error; reset: () => void }) {
  return (
    <main className="empty page">
      <h1>Something went wrong</h1>
      <p>It is on our side. Nothing that you have sent is lost.</p>
      <button type="button" className="button" onClick={reset}>Try again</button>
    </main>
  );
}
