import type { Metadata } from 'next';
import Link from 'next/link';
import { login } from '../actions';
import { CredentialsForm } from '../credentials-form';
import { here } from '../next';

export const metadata: Metadata = { title: 'Log in' };

type Props = { searchParams: Promise<{ next?: string; ended?: string }> };

export default async function Page({ searchParams }: Props) {
  const { next, ended } = await searchParams;
  return (
    <>
      <h1>Welcome back</h1>
      {ended && <p className="notice" role="status">Your session has ended. Log in to carry on where you were.</p>}
      <CredentialsForm action={login} submit="Log in" next={next} />
      <p className="aside">New here? <Link href={here('/register', next)}>Create an account</Link></p>
    </>
  );
}
