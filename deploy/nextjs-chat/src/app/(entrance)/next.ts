/** A path of the entrance that keeps where to go afterwards. */
export function here(path: string, next: string | undefined): string {
  return next ? `${path}?${new URLSearchParams({ next })}` : path;
}
