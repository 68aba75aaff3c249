/** What would take most of a phone's screen: there it is folded under a line that opens it. */
import { ChevronRight } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMedia } from '@/lib/hooks';

/** Room for all of it: `sm` of the styles. */
const WIDE = '(min-width: 40rem)';

interface Props {
  /** The line that opens it. */
  label: string;
  /** Whether it is open from the beginning, on a phone too. */
  open?: boolean;
  children: ReactNode;
}

export function Folded({ label, open = false, children }: Props) {
  const isWide = useMedia(WIDE);
  if (isWide) return children;
  return (
    <details open={open} className="group/folded">
      <summary className="flex cursor-pointer list-none items-center gap-1.5 rounded-md border bg-surface px-3 py-2 text-ui text-muted select-none">
        <ChevronRight aria-hidden className="size-4 transition-transform group-open/folded:rotate-90" />
        {label}
      </summary>
      <div className="pt-2">{children}</div>
    </details>
  );
}
