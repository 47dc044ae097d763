import { randomBytes } from 'node:crypto';
import { type NextRequest, NextResponse } from 'next/server';
import { contentPolicy } from './server/content-policy';
import { hostOf } from './server/site';
import { COOKIE, verify } from './server/token';

export const config = { matcher: '/((?!_next/static/).*)' }; // files that are the same for everybody need none of this

/** Every request comes through here: what another site's page has sent is refused, and pages get the policy for their scripts. */
export function proxy(request: NextRequest) {
  if (isForeign(request)) return new NextResponse('This came from another site.', { status: 403 });
  if (/^\/rooms(\/|$)/.test(request.nextUrl.pathname) && !verify(request.cookies.get(COOKIE)?.value)) return toLogin(request);

  // Next.js takes the nonce for its own scripts from this header of the request.
  const policy = contentPolicy(randomBytes(16).toString('base64'), request.headers);
  const headers = new Headers(request.headers);
  headers.set('Content-Security-Policy', policy);
  const response = NextResponse.next({ request: { headers } });
  response.headers.set('Content-Security-Policy', policy);
  return response;
}

/**
 * Whether a request that may change something was not made by a page of this site. Browsers tell the page's origin with each
 * of these. SameSite=Lax alone lets in what a neighbour sends, at another port or subdomain.
 */
function isForeign({ method, headers }: NextRequest): boolean {
  if (['GET', 'HEAD', 'OPTIONS'].includes(method)) return false;
  const origin = headers.get('origin') ?? '';
  return !URL.canParse(origin) || new URL(origin).host !== hostOf(headers);
}

/** Sends who is not logged in to log in, and afterwards back to where they wanted to go. Every page checks again. */
function toLogin(request: NextRequest) {
  const login = request.nextUrl.clone();
  login.pathname = '/login';
  login.search = new URLSearchParams({ next: request.nextUrl.pathname }).toString();
  return NextResponse.redirect(login);
}
