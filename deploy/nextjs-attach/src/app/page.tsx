import { Board } from '../board';

export const dynamic = 'force-dynamic';

export default async function Page({ searchParams }: { searchParams: Promise<{ name?: string }> }) {
  const { name = 'guest' } = await searchParams;
  return <Board name={name} />;
}
