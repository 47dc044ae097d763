import { type NextRequest, NextResponse } from 'next/server';
import { COOKIE, verify } from './server/token';

export const config = { matcher: '/rooms/:path*' };

/** Sends who is not logged in to log in, and afterwards back to where they wanted to go. Every page checks again. */
export function proxy(request: NextRequest) {
  if (verify(request.cookies.get(COOKIE)?.value)) return NextResponse.next();
  const login = request.nextUrl.clone();
  login.pathname = '/login';
  login.search = new URLSearchParams({ next: request.nextUrl.pathname }).toString();
  return NextResponse.redirect(login);
}
