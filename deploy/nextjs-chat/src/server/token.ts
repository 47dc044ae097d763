import 'server-only';
import jwt from 'jsonwebtoken';
import { required } from './environment';

/** What a token says of its bearer: the gateway gives every message this identity. */
export type User = { userId: string; username: string };

/** The login that a token belongs to. `issued` is in seconds, as the token's `iat` is. */
export type Login = { id: string; issued: number };

/** A token of HS256, which the gateway verifies with the same JWT_SECRET. */
export function sign({ userId, username }: User, { id, issued }: Login, seconds: number): string {
  return jwt.sign({ userId, username, iat: issued }, required('JWT_SECRET'), { algorithm: 'HS256', expiresIn: seconds, jwtid: id });
}

/**
 * Whom a token names, and the id of its login; undefined if it is forged, expired or none. It does not say whether that login
 * has been ended since: `currentUser` does.
 */
export function verify(token: string | undefined): (User & { sessionId: string }) | undefined {
  if (!token) return undefined;
  const secret = required('JWT_SECRET');
  try {
    const claims = jwt.verify(token, secret, { algorithms: ['HS256'] });
    if (typeof claims === 'string') return undefined;
    const { userId, username, jti } = claims;
    if (typeof userId !== 'string' || typeof username !== 'string' || typeof jti !== 'string') return undefined;
    return { userId, username, sessionId: jti };
  } catch {
    return undefined;
  }
}

/** The cookie that holds it. The gateway reads the same variable. */
export const COOKIE = process.env.TOKEN_COOKIE || 'token';
