/**
 * Calls `over` once this process had its turns in so many seconds. Time alone tells nothing of one that was busy with what others had said meanwhile: its
 * timers come before what has been there for long, but an interval that was missed comes once. What it returns ends the waiting.
 */
export function afterTurns(seconds: number, over: () => void): () => void {
  let left = seconds;
  const timer = setInterval(() => {
    if (--left > 0) return;
    clearInterval(timer);
    over();
  }, 1_000);
  return () => clearInterval(timer);
}
