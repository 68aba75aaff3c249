/** The log of a run: filtered, searched, followed. */
import { getRouteApi } from '@tanstack/react-router';
import { ArrowDownToLine, ScrollText, WrapText } from 'lucide-react';
import { useMemo, useState, useSyncExternalStore } from 'react';
import type { Execution } from '@/api/types';
import { count, plural } from '@/lib/format';
import { LEVELS, type LogStore } from '@/lib/log-store';
import { oneOf } from '@/lib/search';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Select } from '@/ui/field';
import { SearchBox } from '@/ui/search-box';
import { Empty, Failure } from '@/ui/states';
import { isOver } from '@/ui/status';
import { Tip } from '@/ui/tip';
import { LogRows } from './log-rows';

const route = getRouteApi('/app/runs/$id');

const LEVEL_NAMES = { DEBUG: 'All levels', INFO: 'Info and up', WARNING: 'Warnings and up', ERROR: 'Errors', CRITICAL: 'Critical' };

interface Props {
  run: Execution;
  log: LogStore;
  error: unknown;
}

export function LogPanel({ run, log, error }: Props) {
  const { level, q, line } = route.useSearch();
  const navigate = route.useNavigate();
  const version = useSyncExternalStore(log.subscribe, log.snapshot);
  // A new line is another version of the same store.
  const rows = useMemo(() => log.rows({ level, search: q }), [log, version, level, q]);
  const [follow, setFollow] = useState(line === undefined && !isOver(run.status));
  const [wrap, setWrap] = useState(false);
  const set = (change: Partial<ReturnType<typeof route.useSearch>>) =>
    void navigate({ search: (old) => ({ ...old, tab: 'log', ...change }), replace: true, resetScroll: false });
  return (
    <Card padded={false}>
      <div className="flex flex-wrap items-center gap-2 border-b px-3 py-2">
        <SearchBox label="Search the log" value={q} onChange={(now) => set({ q: now })} className="min-w-40 flex-1 sm:max-w-72" />
        <Select
          aria-label="Level"
          className="w-auto"
          value={level ?? 'DEBUG'}
          onChange={(event) => {
            const chosen = oneOf(LEVELS, event.target.value);
            set({ level: chosen === 'DEBUG' ? undefined : chosen });
          }}
        >
          {LEVELS.map((name) => (
            <option key={name} value={name}>
              {LEVEL_NAMES[name]}
            </option>
          ))}
        </Select>
        <span className="text-xs text-muted tabular-nums" role="status">
          {rows.length < log.size ? `${count(rows.length)} of ${plural(log.size, 'line')}` : plural(log.size, 'line')}
        </span>
        <div className="ml-auto flex gap-1">
          <Tip text="Wrap long lines">
            <Button size="icon" look={wrap ? 'plain' : 'quiet'} aria-label="Wrap long lines" aria-pressed={wrap} onClick={() => setWrap(!wrap)}>
              <WrapText aria-hidden />
            </Button>
          </Tip>
          <Button look={follow ? 'plain' : 'quiet'} aria-pressed={follow} onClick={() => setFollow(!follow)}>
            <ArrowDownToLine aria-hidden />
            Follow
          </Button>
        </div>
      </div>
      {error !== undefined && <Failure error={error} />}
      {rows.length === 0 && error === undefined ? (
        <NoLines run={run} log={log} onAll={() => set({ q: undefined, level: undefined })} />
      ) : (
        <LogRows
          key={wrap ? 'wrapped' : 'plain'}
          rows={rows}
          wrap={wrap}
          follow={follow}
          onFollow={setFollow}
          marked={line}
          onMark={(now) => set({ line: now === line ? undefined : now })}
        />
      )}
    </Card>
  );
}

function NoLines({ run, log, onAll }: { run: Execution; log: LogStore; onAll: () => void }) {
  if (log.size > 0) return <Empty icon={ScrollText} title="No line fits" action={<Button onClick={onAll}>Show all lines</Button>} />;
  if (!log.complete) return <Empty icon={ScrollText} title={isOver(run.status) ? 'Reading the log…' : 'Waiting for the first line'} />;
  return (
    <Empty icon={ScrollText} title="It wrote nothing to its log">
      Lines come from Python’s <code className="font-mono text-xs">logging</code> and from{' '}
      <code className="font-mono text-xs">print</code>.
    </Empty>
  );
}
