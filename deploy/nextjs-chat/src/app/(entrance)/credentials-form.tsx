'use client';

import { useActionState, useEffect } from 'react';
import { forgetAll } from '@/chat/kept';
import { tellOtherTabs } from '@/session-news';
import type { Attempt } from './actions';

type Props = {
  action: (before: Attempt, form: FormData) => Promise<Attempt>;
  submit: string;
  /** Whether the password is new to the browser's password manager. */
  fresh?: boolean;
  next?: string;
};

export function CredentialsForm({ action, submit, fresh = false, next }: Props) {
  const [attempt, act, busy] = useActionState(action, {});
  const { error, errors } = attempt;
  useEffect(() => tellOtherTabs(''), []);
  useEffect(() => {
    if (!next) forgetAll(); // who logged out, and was not sent here, takes along what was not sent
  }, [next]);
  return (
    <form action={act} className="credentials" noValidate>
      {error && <p className="problem banner" role="alert">{error}</p>}
      <label htmlFor="username">Name</label>
      <input id="username" name="username" defaultValue={attempt.username} autoComplete="username" autoCapitalize="none" spellCheck={false} autoFocus required
        maxLength={24} aria-invalid={Boolean(errors?.username)} aria-describedby="username-problem" />
      <p id="username-problem" className="problem" role="alert">{errors?.username}</p>
      <label htmlFor="password">Password</label>
      <input id="password" name="password" type="password" autoComplete={fresh ? 'new-password' : 'current-password'} required
        aria-invalid={Boolean(errors?.password)} aria-describedby="password-problem" />
      <p id="password-problem" className="problem" role="alert">{errors?.password}</p>
      <input type="hidden" name="next" value={next ?? ''} />
      <button type="submit" className="button" disabled={busy}>{busy ? 'One moment…' : submit}</button>
    </form>
  );
}
