/** The way through the pages of a list, whose place stands in the URL. */
import { ChevronLeft, ChevronRight } from 'lucide-react';
import type { ReactNode } from 'react';
import { Button } from './button';

interface Props {
  /** Goes back; nothing on the first page. */
  back: (() => void) | undefined;
  /** Goes on; nothing on the last page. */
  on: (() => void) | undefined;
  backLabel?: string;
  onLabel?: string;
  /** Which part is shown. */
  children?: ReactNode;
}

export function Pages({ back, on, backLabel = 'Newest', onLabel = 'Older', children }: Props) {
  if (back === undefined && on === undefined && children === undefined) return null;
  return (
    <nav aria-label="Pages" className="flex items-center justify-end gap-2 text-ui text-muted">
      {children !== undefined && <span className="mr-auto tabular-nums">{children}</span>}
      {back !== undefined && (
        <Button onClick={back}>
          <ChevronLeft aria-hidden />
          {backLabel}
        </Button>
      )}
      {on !== undefined && (
        <Button onClick={on}>
          {onLabel}
          <ChevronRight aria-hidden />
        </Button>
      )}
    </nav>
  );
}
