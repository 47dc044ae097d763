/** A name's initials on a colour of its own: the same wherever the name appears. */
export function Avatar({ name, of = 'person' }: { name: string; of?: 'person' | 'room' }) {
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + letter.codePointAt(0)!) >>> 0;
  const initials = of === 'room'
    ? name.split(' ').slice(0, 2).map((word) => [...word][0]).join('')
    : [...name].slice(0, 2).join('');
  return (
    <span className={`avatar avatar-${of}`} data-tone={hash % 8} aria-hidden="true">
      {initials.toUpperCase()}
    </span>
  );
}
