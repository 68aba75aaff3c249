/** What the build has to say, in a line and as a list. */
import { ChevronUp, CircleCheck, CircleX, LoaderCircle, Package, TriangleAlert } from 'lucide-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { explain } from '@/api/problem';
import { cn } from '@/lib/cn';
import { plural } from '@/lib/format';
import type { Check, Problem } from './use-check';

export function Problems({ check }: { check: Check }) {
  const [isOpen, setOpen] = useState(false);
  const { report, isChecking, isCurrent, error } = check;
  const { problems, packages } = report;
  const isEmpty = problems.length + packages.length === 0;
  return (
    <section aria-label="Problems" className="min-w-0 shrink-0 border-t bg-sunken">
      <div className="flex min-h-8 items-center gap-3 px-3 text-xs">
        <button
          type="button"
          aria-expanded={isOpen && !isEmpty}
          disabled={isEmpty}
          onClick={() => setOpen(!isOpen)}
          className="flex min-h-7 items-center gap-1.5 rounded px-1 text-muted hover:text-ink disabled:hover:text-muted"
        >
          <Summary problems={problems} />
          {packages.length > 0 && (
            <span className="ml-2 flex items-center gap-1">
              <Package className="size-3.5" aria-hidden />
              {plural(packages.length, 'package')}
            </span>
          )}
          {!isEmpty && <ChevronUp className={cn('size-3.5 transition-transform', isOpen && 'rotate-180')} aria-hidden />}
        </button>
        <p role="status" className="ml-auto flex min-w-0 items-center gap-1.5 truncate text-muted">
          {error !== undefined ? (
            <span className="truncate text-bad">Not checked: {explain(error).title}</span>
          ) : isChecking ? (
            <>
              <LoaderCircle className="size-3.5 animate-spin" aria-hidden />
              Building…
            </>
          ) : isCurrent ? (
            'Built'
          ) : (
            'Waiting for a pause'
          )}
        </p>
      </div>
      {isOpen && !isEmpty && (
        <div className="max-h-48 overflow-y-auto border-t bg-surface">
          {report.refusal !== undefined && (
            <p className="px-4 pt-2 text-ui text-muted">The packages cannot be installed, so nothing was built:</p>
          )}
          <ul className="py-1 text-ui">
            {problems.map((problem) => (
              <Row key={`${problem.path}:${problem.line ?? ''}:${problem.text}`} problem={problem} />
            ))}
          </ul>
          {packages.length > 0 && (
            <p className="border-t px-4 py-2 text-xs text-muted">
              Built with {packages.map(({ name, version }) => `${name} ${version}`).join(', ')}.
            </p>
          )}
        </div>
      )}
    </section>
  );
}

function Summary({ problems }: { problems: readonly Problem[] }) {
  const errors = problems.filter((problem) => problem.isError).length;
  const warnings = problems.length - errors;
  if (problems.length === 0) {
    return (
      <>
        <CircleCheck className="size-3.5 text-good" aria-hidden />
        No problems
      </>
    );
  }
  return (
    <>
      {errors > 0 && (
        <span className="flex items-center gap-1.5 text-bad">
          <CircleX className="size-3.5" aria-hidden />
          {plural(errors, 'error')}
        </span>
      )}
      {warnings > 0 && (
        <span className="flex items-center gap-1.5 text-warn">
          <TriangleAlert className="size-3.5" aria-hidden />
          {plural(warnings, 'warning')}
        </span>
      )}
    </>
  );
}

/** A problem, as a link to its line. */
export function Row({ problem: { path, line, text, isError } }: { problem: Problem }) {
  const Icon = isError ? CircleX : TriangleAlert;
  return (
    <li>
      <Link
        from="/code/edit"
        to="/code/edit"
        search={(old) => ({ ...old, path, line })}
        className="flex items-start gap-2 px-4 py-1 hover:bg-hover focus-visible:-outline-offset-2"
      >
        <Icon
          className={cn('mt-0.5 size-4 shrink-0', isError ? 'text-bad' : 'text-warn')}
          role="img"
          aria-label={isError ? 'Error' : 'Warning'}
        />
        <span className="min-w-0 flex-1 break-words">{text}</span>
        <span className="shrink-0 font-mono text-xs text-muted">
          {path}
          {line !== undefined && `:${line}`}
        </span>
      </Link>
    </li>
  );
}
