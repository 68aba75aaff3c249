/** A surface with an optional heading. */
import type { ComponentProps, ReactNode } from 'react';
import { cn } from '@/lib/cn';

interface Props extends Omit<ComponentProps<'section'>, 'title'> {
  title?: ReactNode;
  /** Controls at the right of the heading. */
  actions?: ReactNode;
  /** False for tables and lists that reach to the edge. */
  padded?: boolean;
}

export function Card({ title, actions, padded = true, className, children, ...props }: Props) {
  return (
    <section {...props} className={cn('min-w-0 overflow-hidden rounded-lg border bg-surface shadow-card', className)}>
      {(title !== undefined || actions !== undefined) && (
        <header className="flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 border-b px-4 py-1.5">
          <h2 className="min-w-0 text-ui font-semibold wrap-anywhere">{title}</h2>
          <div className="ml-auto flex items-center gap-1.5">{actions}</div>
        </header>
      )}
      <div className={padded ? 'p-4' : ''}>{children}</div>
    </section>
  );
}
