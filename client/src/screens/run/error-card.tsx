/** What went wrong, and where in the code. */
import { Link } from '@tanstack/react-router';
import { CircleX } from 'lucide-react';
import { useMay } from '@/api/session';
import type { Execution } from '@/api/types';
import { pieces } from '@/lib/traceback';
import { CopyButton } from '@/ui/copy';

/** What an error of the platform itself means. */
const MEANINGS: Record<string, string> = {
  worker_lost: 'The worker that ran it was lost, and the workflow says that it must not be repeated.',
  dead_letter: 'No worker managed to take it.',
  cancelled: 'Somebody cancelled it.',
};

/** Limits that organizations have of their own. */
const RAISABLE = /^limit_exceeded:(?!stack$)/;

function meaning(type: string): string | undefined {
  return RAISABLE.test(type) ? 'An administrator can raise this limit of the organization.' : MEANINGS[type];
}

interface Props {
  run: Pick<Execution, 'error' | 'error_type' | 'traceback'> & Partial<Pick<Execution, 'version_id' | 'version_number'>>;
  /** Where lines of the code are shown. */
  to?: '/code' | '/code/edit';
}

export default function ErrorCard({ run, to = '/code' }: Props) {
  const type = run.error_type ?? undefined;
  const told = type === undefined ? undefined : meaning(type);
  return (
    <section aria-label="Error" className="overflow-hidden rounded-lg border border-bad/40 bg-surface shadow-card">
      <div className="flex items-start gap-3 bg-bad-soft px-4 py-3">
        <CircleX className="mt-0.5 size-4 shrink-0 text-bad" aria-hidden />
        <div className="min-w-0 flex-1">
          {type !== undefined && <p className="font-mono text-xs break-all text-bad">{type}</p>}
          <p className="font-medium break-words whitespace-pre-wrap">{run.error}</p>
          {told !== undefined && <p className="text-ui text-muted">{told}</p>}
        </div>
      </div>
      {run.traceback != null && (
        <Traceback text={run.traceback} to={to} version={run.version_id} linked={to === '/code/edit' || run.version_number != null} />
      )}
    </section>
  );
}

interface TracebackProps {
  text: string;
  to: '/code' | '/code/edit';
  /** The code that ran. */
  version: string | undefined;
  /** False for code that is not of this workspace. */
  linked: boolean;
}

function Traceback({ text, to, version, linked }: TracebackProps) {
  const may = useMay();
  const shown = linked && may('workspace.read');
  return (
    <details className="group relative border-t" open>
      <summary className="flex cursor-pointer items-center px-4 py-3 text-ui font-medium text-muted hover:text-ink">Traceback</summary>
      <span className="absolute top-2 right-4">
        <CopyButton text={text} label="Copy the traceback" />
      </span>
      <pre className="max-h-96 overflow-auto px-4 pb-4 font-mono text-xs leading-5" tabIndex={0}>
        {pieces(text).map((piece, index) =>
          piece.path !== undefined && shown ? (
            <Link
              key={index}
              to={to}
              search={(old) => ({
                ...(to === '/code' ? {} : old),
                path: piece.path,
                ...(piece.line === undefined ? {} : { line: piece.line }),
                ...(to === '/code' && version !== undefined ? { version } : {}),
              })}
              className="text-accent-text underline decoration-accent-text/40 hover:decoration-accent-text"
            >
              {piece.text}
            </Link>
          ) : (
            <span key={index}>{piece.text}</span>
          ),
        )}
      </pre>
    </details>
  );
}
