/** The sign of the platform. */
import { useBranding } from '@/lib/branding';
import { cn } from '@/lib/cn';

/** The platform's logo, or the bridge. */
export function Logo({ className }: { className?: string }) {
  const { logo_url: own } = useBranding();
  if (own != null) return <img src={own} alt="" className={cn('object-contain', className)} />;
  return (
    <svg viewBox="0 0 32 32" fill="none" strokeLinecap="round" strokeWidth="3" className={className} aria-hidden>
      <path d="M4 25a12 12 0 0 1 24 0" className="stroke-accent-text" />
      <path d="M9.5 25a6.5 6.5 0 0 1 13 0" className="stroke-accent-text opacity-50" />
      <path d="M2 25h28" className="stroke-accent-text" strokeWidth="2.5" />
    </svg>
  );
}
