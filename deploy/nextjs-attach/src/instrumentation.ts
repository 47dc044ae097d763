/** Next.js calls this once, before the first request. The edge runtime has no sockets. */
export async function register() {
  if (process.env.NEXT_RUNTIME === 'nodejs' && process.env.SOCKETGATE_URL) await import('./sockets');
}
