/** What stands where content is missing: not there yet, nothing at all, or an error. */
import { CircleAlert, RefreshCw, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { explain, ProblemError } from '@/api/problem';
import { cn } from '@/lib/cn';
import { Button } from './button';
import { Command } from './copy';

export const Skeleton = ({ className }: { className?: string }) => (
  <div aria-hidden className={cn('base:h-4 animate-pulse rounded bg-hover', className)} />
);

/** Some lines that stand for a list. */
export function SkeletonRows({ rows = 6 }: { rows?: number }) {
  return (
    <div role="status" aria-label="Loading" className="divide-y">
      {Array.from({ length: rows }, (_, row) => (
        <div key={row} className="flex h-11 items-center gap-4 px-4">
          <Skeleton className="w-1/3" />
          <Skeleton className="w-24" />
          <Skeleton className="ml-auto w-16" />
        </div>
      ))}
    </div>
  );
}

interface EmptyProps {
  icon: LucideIcon;
  title: string;
  children?: ReactNode;
  /** The command that leads on. */
  command?: string;
  action?: ReactNode;
}

/** Nothing is there; says how to change that. */
export function Empty({ icon: Icon, title, children, command, action }: EmptyProps) {
  return (
    <div className="mx-auto grid max-w-lg justify-items-center gap-3 px-4 py-10 text-center">
      <div className="grid size-10 place-items-center rounded-lg border bg-sunken text-muted">
        <Icon className="size-5" aria-hidden />
      </div>
      <div className="grid gap-1">
        <p className="font-medium">{title}</p>
        {children !== undefined && <div className="text-ui text-muted">{children}</div>}
      </div>
      {command !== undefined && <Command text={command} />}
      {action}
    </div>
  );
}

/** Answers that stay what they are, however often it is tried. */
const FINAL = [403, 404];

interface FailureProps {
  error: unknown;
  retry?: () => void;
  /** Where to go where trying again is no use. */
  instead?: ReactNode;
}

/** An error in place of content. */
export function Failure({ error, retry, instead }: FailureProps) {
  const isFinal = error instanceof ProblemError && FINAL.includes(error.status);
  const { title, advice, requestId } = explain(error);
  return (
    <div role="alert" className="flex flex-wrap items-start gap-3 px-4 py-5">
      <CircleAlert className="mt-0.5 size-4 shrink-0 text-bad" aria-hidden />
      <div className="grid min-w-0 flex-1 gap-0.5">
        <p className="font-medium break-words">{title}</p>
        {advice !== undefined && <p className="text-ui text-muted">{advice}</p>}
        {requestId !== undefined && (
          <p className="font-mono text-2xs break-all text-faint">request {requestId}</p>
        )}
      </div>
      {isFinal && instead}
      {retry !== undefined && !isFinal && (
        <Button size="small" onClick={retry}>
          <RefreshCw aria-hidden />
          Try again
        </Button>
      )}
    </div>
  );
}

/** An error above a form. */
export function FormError({ error }: { error: unknown }) {
  if (error === null || error === undefined) return null;
  const { title, advice } = explain(error);
  return (
    <div role="alert" className="flex items-start gap-2 rounded-md bg-bad-soft px-3 py-2 text-ui">
      <CircleAlert className="mt-0.5 size-4 shrink-0 text-bad" aria-hidden />
      <div>
        <p>{title}</p>
        {advice !== undefined && advice !== title && <p className="text-muted">{advice}</p>}
      </div>
    </div>
  );
}

interface Loaded<T> {
  data: T | undefined;
  error: unknown;
  refetch: () => unknown;
}

/** Shows a query: a skeleton first, its error, or its data. */
export function Show<T>({
  query,
  children,
  skeleton = <SkeletonRows />,
}: {
  query: Loaded<T>;
  children: (data: T) => ReactNode;
  skeleton?: ReactNode;
}) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error !== null) return <Failure error={query.error} retry={() => void query.refetch()} />;
  return <>{skeleton}</>;
}
