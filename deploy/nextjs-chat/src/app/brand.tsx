export function Mark({ size }: { size: number }) {
  return (
    <svg viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <rect width="32" height="32" rx="9" className="brand-tile" />
      <path className="brand-mark" d="M9 10.5A2.5 2.5 0 0 1 11.5 8h9a2.5 2.5 0 0 1 2.5 2.5v7a2.5 2.5 0 0 1-2.5 2.5H15l-4.6 4v-4.1A2.5 2.5 0 0 1 9 17.5z" />
    </svg>
  );
}

export function Brand() {
  return <p className="brand"><Mark size={28} /> Parlour</p>;
}
