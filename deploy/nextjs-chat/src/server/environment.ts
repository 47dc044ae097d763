import 'server-only';

/** A variable that the app can't do without. Read when it is needed, so that a build needs none. */
export function required(name: 'DATABASE_URL' | 'JWT_SECRET' | 'MESSAGE_ENCRYPTION_KEY'): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: see .env.example`);
  return value;
}
