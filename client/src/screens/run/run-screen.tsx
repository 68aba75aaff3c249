/** A run, from its submission to its result. */
import { lazy, Suspense, useDeferredValue } from 'react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useMay } from '@/api/session';
import type { Execution } from '@/api/types';
import { later } from '@/lib/later';
import type { RunTab } from '@/routes/search';
import { LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { CopyButton } from '@/ui/copy';
import { Page } from '@/ui/page';
import { Failure, Skeleton } from '@/ui/states';
import { isOver, StatusBadge } from '@/ui/status';
import { Tabs } from '@/ui/tabs';
import { Actions } from './actions';
import { LogPanel } from './log-panel';
import { ResultPanel } from './result-panel';
import { Summary } from './summary';
import { useLog, useRun } from './use-run';

// What is not seen at first, or not in every run.
const CallsPanel = lazy(() => import('./calls-panel').then((all) => ({ default: all.CallsPanel })));
const ErrorCard = lazy(() => import('./error-card'));
const InputPanel = lazy(() => import('./values-panel').then((all) => ({ default: all.InputPanel })));
const Related = later(() => import('./related'));
const VariablesPanel = lazy(() => import('./values-panel').then((all) => ({ default: all.VariablesPanel })));

const route = getRouteApi('/app/runs/$id');

export function RunScreen() {
  const { id } = route.useParams();
  const run = useRun(id);
  if (run.data !== undefined) return <Loaded key={id} run={run.data} />;
  return (
    <Page title="Run">
      {run.error === null ? (
        <Skeleton className="h-72" />
      ) : (
        <Card padded={false}>
          <Failure error={run.error} retry={() => void run.refetch()} instead={<LinkButton to="/runs" size="small">All runs</LinkButton>} />
        </Card>
      )}
    </Page>
  );
}

function Loaded({ run }: { run: Execution }) {
  const may = useMay();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { log, error } = useLog(run.execution_id);
  const over = isOver(run.status);
  // What an ended run is comes first; what it wrote and returned may take long to draw.
  const isDrawn = useDeferredValue(true, !over);
  // Until somebody chooses: the log while it runs, then what came of it.
  const first: RunTab = search.line === undefined && over && run.error == null ? 'result' : 'log';
  const tabs = [
    { id: 'log' as const, label: 'Log', content: <LogPanel run={run} log={log} error={error} /> },
    { id: 'result' as const, label: 'Result', content: <ResultPanel run={run} /> },
    { id: 'input' as const, label: 'Input', content: <Suspense fallback={<Skeleton className="h-40" />}><InputPanel run={run} /></Suspense> },
    ...(may('executions.read')
      ? [
          { id: 'variables' as const, label: 'Variables', content: <Suspense fallback={<Skeleton className="h-40" />}><VariablesPanel run={run} /></Suspense> },
          { id: 'calls' as const, label: 'Calls', content: <Suspense fallback={<Skeleton className="h-40" />}><CallsPanel run={run} /></Suspense> },
        ]
      : []),
  ];
  return (
    <Page
      title={run.workflow_name}
      above={
        <>
          <Link to="/runs" className="hover:text-ink hover:underline">
            Runs
          </Link>
          <span aria-hidden> / </span>
          <Link
            to="/workflows/$id"
            params={{ id: run.workflow_id }}
            className="hover:text-ink hover:underline"
          >
            Workflow
          </Link>
        </>
      }
      about={
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <span role="status">
            <StatusBadge status={run.status} />
          </span>
          <span className="flex min-w-0 items-center gap-1">
            <code className="min-w-0 truncate font-mono text-xs">{run.execution_id}</code>
            <CopyButton text={run.execution_id} label="Copy the id" />
          </span>
          {run.version_number != null && <VersionLink number={run.version_number} />}
        </div>
      }
      actions={<Actions run={run} log={log} />}
    >
      <Summary run={run} />
      {run.error != null && (
        <Suspense fallback={<Skeleton className="h-32" />}>
          <ErrorCard run={run} />
        </Suspense>
      )}
      <Tabs
        label="Of this run"
        tabs={isDrawn ? tabs : tabs.map((tab) => ({ ...tab, content: <Skeleton className="h-72" /> }))}
        chosen={search.tab ?? first}
        onChoose={(tab) => void navigate({ search: (old) => ({ ...old, tab }), replace: true, resetScroll: false })}
      />
      <Related run={run} />
    </Page>
  );
}

/** The code that ran. */
function VersionLink({ number }: { number: number }) {
  const may = useMay();
  if (!may('workspace.read')) return <span>Version {number}</span>;
  return (
    <Link to="/code/versions/$number" params={{ number: String(number) }} className="hover:text-ink hover:underline">
      Version {number}
    </Link>
  );
}
