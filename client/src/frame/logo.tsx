/** The bridge. */
export const Logo = ({ className }: { className?: string }) => (
  <svg viewBox="0 0 32 32" fill="none" strokeLinecap="round" strokeWidth="3" className={className} aria-hidden>
    <path d="M4 25a12 12 0 0 1 24 0" className="stroke-accent-text" />
    <path d="M9.5 25a6.5 6.5 0 0 1 13 0" className="stroke-accent-text opacity-50" />
    <path d="M2 25h28" className="stroke-accent-text" strokeWidth="2.5" />
  </svg>
);
