/** What a version's code has to say: errors, warnings, and whether workers have it. */
import { CircleX, Flame, TriangleAlert } from 'lucide-react';
import { Link } from '@tanstack/react-router';
import type { components } from '@/api/schema';
import { duration } from '@/lib/time';
import { Badge } from '@/ui/badge';
import { Card } from '@/ui/card';

type WorkspaceReport = components['schemas']['WorkspaceReport'];
type WarmView = components['schemas']['WarmView'];

export function Report({ report }: { report: WorkspaceReport }) {
  const errors = report.errors ?? [];
  const warnings = report.warnings ?? [];
  if (errors.length + warnings.length === 0) return null;
  return (
    <Card title="What the last deploy found" padded={false}>
      <ul className="divide-y text-ui">
        {errors.map((error) => (
          <li key={`${error.path}${error.line ?? ''}${error.message}`} className="flex gap-3 px-4 py-2.5">
            <CircleX className="mt-0.5 size-4 shrink-0 text-bad" role="img" aria-label="Error" />
            <div className="min-w-0">
              <Place path={error.path} line={error.line} />
              <p className="break-words">
                {error.type}: {error.message}
              </p>
            </div>
          </li>
        ))}
        {warnings.map((warning) => (
          <li key={`${warning.path}${warning.line ?? ''}${warning.message}`} className="flex gap-3 px-4 py-2.5">
            <TriangleAlert className="mt-0.5 size-4 shrink-0 text-warn" role="img" aria-label="Warning" />
            <div className="min-w-0">
              <Place path={warning.path} line={warning.line} />
              <p className="break-words">{warning.message}</p>
            </div>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function Place({ path, line }: { path: string; line: number | null | undefined }) {
  return (
    <Link
      to="/code"
      search={{ path, ...(line == null ? {} : { line }) }}
      className="font-mono text-xs break-all text-accent-text hover:underline"
    >
      {path}
      {line != null && `:${line}`}
    </Link>
  );
}

export function Warm({ warm }: { warm: WarmView }) {
  const ready = warm.workers >= warm.of;
  return (
    <Badge tone={ready ? 'good' : 'info'}>
      <Flame aria-hidden />
      {ready
        ? `Ready on ${warm.of === 1 ? 'the worker' : `${warm.of} workers`}${warm.since_ms == null ? '' : ` after ${duration(warm.since_ms)}`}`
        : `Loading on ${warm.of === 1 ? 'the worker' : `${warm.of - warm.workers} of ${warm.of} workers`}`}
    </Badge>
  );
}
