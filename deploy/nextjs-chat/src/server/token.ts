import 'server-only';
import jwt from 'jsonwebtoken';
import { required } from './environment';

/** What a token says: the gateway gives every message this identity. */
export type User = { userId: string; username: string };

/** A token of HS256, which the gateway verifies with the same JWT_SECRET. */
export function sign({ userId, username }: User, seconds: number): string {
  return jwt.sign({ userId, username }, required('JWT_SECRET'), { algorithm: 'HS256', expiresIn: seconds });
}

/** Whom a token names, or undefined if it is forged, expired or none. */
export function verify(token: string | undefined): User | undefined {
  if (!token) return undefined;
  const secret = required('JWT_SECRET');
  try {
    const claims = jwt.verify(token, secret, { algorithms: ['HS256'] });
    if (typeof claims === 'string' || typeof claims.userId !== 'string' || typeof claims.username !== 'string') return undefined;
    return { userId: claims.userId, username: claims.username };
  } catch {
    return undefined;
  }
}

/** The cookie that holds it (the gateway's TOKEN_COOKIE). */
export const COOKIE = 'token';
