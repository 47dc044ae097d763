function Icon({ path }: { path: string }) {
  return (
    <svg className="icon" viewBox="0 0 24 24" width="20" height="20" fill="none" stroke="currentColor" strokeWidth="1.75" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      <path d={path} />
    </svg>
  );
}

export const Back = () => <Icon path="M15 5l-7 7 7 7" />;
export const People = () => <Icon path="M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20a6.5 6.5 0 0 1 13 0M16 4.3a3.5 3.5 0 0 1 0 6.4M18 14.2a6.5 6.5 0 0 1 3.5 5.8" />;
export const Send = () => <Icon path="M12 19V5M5.5 11.5L12 5l6.5 6.5" />;
export const Plus = () => <Icon path="M12 5v14M5 12h14" />;
export const Down = () => <Icon path="M12 5v14M5.5 12.5L12 19l6.5-6.5" />;
export const Leave = () => <Icon path="M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4M9 8l-4 4 4 4M5 12h10" />;
