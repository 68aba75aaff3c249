/** The heading of a screen, and the room around it. */
import type { ReactNode } from 'react';
import { cn } from '@/lib/cn';
import { useTitle } from '@/lib/hooks';

interface Props {
  title: string;
  /** Above the title: where this belongs. */
  above?: ReactNode;
  /** Below the title, in a line. */
  about?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
  className?: string;
}

export function Page({ title, above, about, actions, children, className }: Props) {
  useTitle(title);
  return (
    <div className={cn('mx-auto grid w-full base:max-w-6xl min-w-0 grid-cols-1 gap-5 px-4 py-5 sm:px-6 lg:py-7', className)}>
      <header className="flex flex-wrap items-end gap-x-4 gap-y-3">
        <div className="grid min-w-0 flex-1 basis-64 gap-1">
          {above !== undefined && <div className="text-ui text-muted">{above}</div>}
          <h1 className="text-xl font-semibold tracking-tight break-words">{title}</h1>
          {about !== undefined && <div className="text-sm text-muted">{about}</div>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** Names and values in two columns. */
export function Facts({ children, className }: { children: ReactNode; className?: string }) {
  return <dl className={cn('grid grid-cols-[auto_1fr] gap-x-5 gap-y-2 text-ui', className)}>{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted">{name}</dt>
      <dd className="min-w-0 break-words tabular-nums">{children}</dd>
    </>
  );
}
