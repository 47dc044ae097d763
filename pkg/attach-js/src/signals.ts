import type { Attachment } from "./attachment";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

const attachments = new Set<Attachment>();
let leaving = false;

/** Detaches when the process is told to end, then lets it end: by whoever else listens, or by the same signal. It hears first. */
export function leaveOnSignals(attachment: Attachment): void {
  if (attachments.size === 0) for (const signal of SIGNALS) process.prependListener(signal, leave);
  attachments.add(attachment);
}

/** A server that has left by itself needs no signal. */
export function noticeLeft(attachment: Attachment): void {
  if (attachments.delete(attachment) && attachments.size === 0) for (const signal of SIGNALS) process.off(signal, leave);
}

async function leave(signal: NodeJS.Signals): Promise<void> {
  if (leaving) return;
  leaving = true;
  const goOn = holdExit();
  await Promise.all([...attachments].map((attachment) => attachment.leave()));
  for (const each of SIGNALS) process.off(each, leave);
  leaving = false;
  goOn();
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

/**
 * Has `process.exit` wait: next start and many apps call it on a signal as soon as their HTTP server is closed, which has no clients to wait for here.
 * What the gateway's clients had said a moment before would go unanswered.
 */
function holdExit(): () => void {
  const { exit } = process;
  let called: Parameters<typeof exit> | undefined;
  process.exit = ((...code: Parameters<typeof exit>) => void (called ??= code)) as typeof exit;
  return () => {
    process.exit = exit;
    if (called) exit(...called);
  };
}
