/** Keeps a value for this tab, over a reload and while its user logs in again. One that is empty is forgotten. */
export function keep(name: string, value: { length: number }): void {
  try {
    if (value.length > 0) sessionStorage.setItem(name, JSON.stringify(value));
    else sessionStorage.removeItem(name);
  } catch {
    // The browser has no more room for it. The page goes on with what it knows.
  }
}

/** What was kept under that name. Only for effects: the server knows nothing of it. */
export function kept<T>(name: string): T | undefined {
  return JSON.parse(sessionStorage.getItem(name) ?? 'null') ?? undefined;
}

/** Forgets all that this tab kept. */
export function forgetAll(): void {
  sessionStorage.clear();
}
