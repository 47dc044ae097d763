import 'server-only';

type Asked = Pick<Headers, 'get'>;

/** The host that the browser called, with its port, as the proxy in front says. */
export function hostOf(headers: Asked): string {
  return headers.get('x-forwarded-host') ?? headers.get('host') ?? '';
}

const LOCAL = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/;

/**
 * Whether the browser reached the site by https. In production it did, whatever X-Forwarded-Proto says: behind a load balancer
 * that takes the TLS off, the next proxy in line says http. Two exceptions: a browser on this very machine, and COOKIE_SECURE=false,
 * for a site that really is without TLS (its passwords and cookies can be read on the way).
 */
export function byHTTPS(headers: Asked): boolean {
  if (headers.get('x-forwarded-proto') === 'https') return true;
  if (process.env.NODE_ENV !== 'production' || process.env.COOKIE_SECURE === 'false') return false;
  return !LOCAL.test(hostOf(headers));
}
