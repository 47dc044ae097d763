import 'server-only';
import { byHTTPS, hostOf } from './site';

const DEVELOPMENT = process.env.NODE_ENV !== 'production'; // next dev evaluates strings, and adds styles as it goes

/**
 * The Content-Security-Policy of a page. Scripts run only with the nonce, or if one that has it loads them; so nothing that was
 * smuggled into the page runs, and pages must be made for each request. Connections lead to this site alone.
 */
export function contentPolicy(nonce: string, headers: Pick<Headers, 'get'>): string {
  const https = byHTTPS(headers);
  const host = /^[\w.:[\]-]+$/.exec(hostOf(headers))?.[0];
  const sockets = host ? ` ${https ? 'wss' : 'ws'}://${host}` : ''; // Safari before 15.4 takes 'self' for https: only
  const rules = [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}' 'strict-dynamic'${DEVELOPMENT ? " 'unsafe-eval'" : ''}`,
    `style-src 'self' ${DEVELOPMENT ? "'unsafe-inline'" : `'nonce-${nonce}'`}`,
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self'${sockets}`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  return [...rules, ...(https ? ['upgrade-insecure-requests'] : [])].join('; ');
}
