import type { Attachment } from "./attachment";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

const attachments = new Set<Attachment>();

/** Detaches when the process is told to end, then lets it end: by whoever else listens, or by the same signal. */
export function leaveOnSignals(attachment: Attachment): void {
  if (attachments.size === 0) for (const signal of SIGNALS) process.on(signal, leave);
  attachments.add(attachment);
}

/** A server that has left by itself needs no signal. */
export function noticeLeft(attachment: Attachment): void {
  if (attachments.delete(attachment) && attachments.size === 0) for (const signal of SIGNALS) process.off(signal, leave);
}

async function leave(signal: NodeJS.Signals): Promise<void> {
  await Promise.all([...attachments].map((attachment) => attachment.leave()));
  for (const each of SIGNALS) process.off(each, leave);
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}
