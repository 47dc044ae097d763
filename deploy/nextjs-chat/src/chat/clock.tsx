'use client';

import { useSyncExternalStore } from 'react';

const never = () => () => {};

/** False on the server and while the page is hydrated: the server does not know the reader's time zone. */
export function useHydrated(): boolean {
  return useSyncExternalStore(never, () => true, () => false);
}

const DAY = 24 * 60 * 60 * 1000;

function midnight(date: Date): number {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

const hours = (date: Date) => date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' });

/** Today, Yesterday, or the date. */
export function day(iso: string): string {
  const date = new Date(iso);
  const ago = Math.round((midnight(new Date()) - midnight(date)) / DAY);
  if (ago <= 0) return 'Today';
  if (ago === 1) return 'Yesterday';
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : 'numeric';
  return date.toLocaleDateString(undefined, { weekday: 'long', day: 'numeric', month: 'long', year });
}

function brief(iso: string): string {
  const date = new Date(iso);
  if (midnight(date) === midnight(new Date())) return hours(date);
  if (Date.now() - date.getTime() < 6 * DAY) return date.toLocaleDateString(undefined, { weekday: 'short' });
  return date.toLocaleDateString(undefined, { day: 'numeric', month: 'short' });
}

/** A time in the reader's zone; `short` says the day instead where it was not today. */
export function Time({ at, short = false }: { at: string; short?: boolean }) {
  const hydrated = useHydrated();
  return (
    <time dateTime={at} title={hydrated ? new Date(at).toLocaleString() : undefined}>
      {hydrated ? (short ? brief(at) : hours(new Date(at))) : '\u00a0'}
    </time>
  );
}
