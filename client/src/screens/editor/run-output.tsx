/** What a draft says and what came of it. */
import { useState, useSyncExternalStore } from 'react';
import { bytes } from '@/lib/format';
import type { LogStore } from '@/lib/log-store';
import { duration } from '@/lib/time';
import { StatusBadge } from '@/ui/status';
import ErrorCard from '../run/error-card';
import { LogRows } from '../run/log-rows';
import { ResultPanel } from '../run/result-panel';
import type { Draft } from './use-draft';

export function RunOutput({ draft }: { draft: Draft }) {
  const { log, outcome, isRunning, firstMs } = draft;
  if (log === undefined) return null;
  return (
    <div className="grid min-w-0 gap-3 p-3">
      <p role="status" className="flex flex-wrap items-center gap-x-2 gap-y-1 text-xs text-muted">
        {outcome !== undefined ? (
          <>
            <StatusBadge status={outcome.status} />
            {outcome.memory_peak_bytes > 0 && `took ${duration(outcome.duration_ms)}, ${bytes(outcome.memory_peak_bytes)}, `}
            {firstMs !== undefined && `answered after ${duration(Math.round(firstMs))}`}
          </>
        ) : isRunning ? (
          <StatusBadge status="Running" />
        ) : (
          draft.error === undefined && 'Stopped'
        )}
      </p>
      {outcome?.error != null && <ErrorCard run={outcome} to="/code/edit" />}
      <Log log={log} />
      {outcome !== undefined && outcome.error === null && <ResultPanel run={outcome} />}
    </div>
  );
}

/** Beside the code there is no room for times, and a level is a letter. */
const NARROW =
  'max-h-80 [&_time]:hidden [&_time+span]:w-[1ch] [&_time+span]:overflow-hidden [&_span:first-child]:w-[3ch]';

function Log({ log }: { log: LogStore }) {
  const version = useSyncExternalStore(log.subscribe, log.snapshot);
  const [follow, setFollow] = useState(true);
  if (version === 0 || log.size === 0) {
    return <p className="text-xs text-muted">{log.complete ? 'It wrote nothing to its log.' : 'Waiting for the first line…'}</p>;
  }
  return (
    <section aria-label="Log" className="overflow-hidden rounded-lg border bg-surface">
      <LogRows
        rows={log.rows({ level: undefined, search: undefined })}
        wrap
        follow={follow}
        onFollow={setFollow}
        className={NARROW}
      />
    </section>
  );
}
