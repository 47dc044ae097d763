import 'server-only';
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '@/generated/prisma/client';
import { required } from './environment';

const kept = globalThis as { database?: PrismaClient }; // `next dev` loads this file again and again

/** The app's one connection pool, opened at the first use. */
export function database(): PrismaClient {
  return (kept.database ??= new PrismaClient({ adapter: new PrismaPg({ connectionString: required('DATABASE_URL') }) }));
}
