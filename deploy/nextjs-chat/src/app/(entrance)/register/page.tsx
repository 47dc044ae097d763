import type { Metadata } from 'next';
import Link from 'next/link';
import { register } from '../actions';
import { CredentialsForm } from '../credentials-form';
import { here } from '../next';

export const metadata: Metadata = { title: 'Create an account' };

type Props = { searchParams: Promise<{ next?: string }> };

export default async function Page({ searchParams }: Props) {
  const { next } = await searchParams;
  return (
    <>
      <h1>Create an account</h1>
      <CredentialsForm action={register} submit="Create an account" fresh next={next} />
      <p className="aside">Already have one? <Link href={here('/login', next)}>Log in</Link></p>
    </>
  );
}
