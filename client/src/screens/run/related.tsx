/** What a run went through and what it led to: its attempts, the runs that it started, those that repeat it. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { api, call } from '@/api/client';
import { runsQuery } from '@/api/queries';
import { useMay, useOrganization } from '@/api/session';
import type { Execution, ExecutionSummary } from '@/api/types';
import { causeWords } from '@/lib/attempts';
import { duration, whole } from '@/lib/time';
import { Card } from '@/ui/card';
import { isOver, StatusBadge } from '@/ui/status';
import { Ago, Elapsed } from '@/ui/time';

/** Runs of a card. */
const SHOWN = 20;
/** A run that goes on may start others: so often it is looked, in milliseconds. */
const AGAIN = 5_000;

export default function Related({ run }: { run: Execution }) {
  const organization = useOrganization();
  const may = useMay();
  const started = useQuery({
    ...runsQuery(organization, { parent_id: run.execution_id, limit: SHOWN }),
    refetchInterval: ({ state: { data } }) =>
      isOver(run.status) && data?.executions.every((one) => isOver(one.status)) === true ? false : AGAIN,
  });
  const repeats = useQuery(runsQuery(organization, { rerun_of: run.execution_id, limit: SHOWN }));
  return (
    <>
      {(run.attempt > 1 || (run.attempt === 1 && may('executions.read'))) && <Attempts run={run} />}
      <Runs title="Runs it started" page={started.data} />
      <Runs title="Repeated by" page={repeats.data} />
    </>
  );
}

function Runs({ title, page }: { title: string; page: { executions: ExecutionSummary[]; next_cursor?: string | null } | undefined }) {
  if (page === undefined || page.executions.length === 0) return null;
  return (
    <Card padded={false} title={title}>
      <ul className="divide-y">
        {page.executions.map((run) => (
          <li key={run.execution_id} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-ui">
            <StatusBadge status={run.status} />
            <Link
              to="/runs/$id"
              params={{ id: run.execution_id }}
              className="min-w-0 font-medium break-words hover:text-accent-text hover:underline"
            >
              {run.workflow_name}
            </Link>
            <span className="ml-auto text-muted tabular-nums">
              {run.duration_ms != null && `${duration(run.duration_ms)}, `}
              <Ago at={run.created_at} />
            </span>
          </li>
        ))}
      </ul>
      {page.next_cursor != null && <p className="border-t px-4 py-2 text-xs text-muted">The newest {SHOWN} are shown.</p>}
    </Card>
  );
}

/** What the run says of its last attempt, without the way to the worker and back. */
const took = (run: Execution, attempt: number): number | undefined =>
  attempt === run.attempt ? (run.duration_ms ?? undefined) : undefined;

function Attempts({ run }: { run: Execution }) {
  const organization = useOrganization();
  const attempts = useQuery({
    queryKey: ['attempts', organization, run.execution_id, run.attempt, run.status],
    queryFn: ({ signal }) =>
      call(api.GET('/api/executions/{id}/attempts', { params: { path: { id: run.execution_id } }, signal })),
  });
  if (attempts.data === undefined) return null;
  return (
    <Card padded={false} title="Attempts">
      <ol className="divide-y">
        {attempts.data.attempts.map(({ attempt, started_at, ended_at, worker, cause }) => (
          <li key={attempt} className="flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-ui">
            <span className="text-muted tabular-nums">{attempt}</span>
            {cause == null ? <StatusBadge status={run.status} /> : <span className="break-words">{causeWords(cause)}</span>}
            {worker != null && <code className="min-w-0 font-mono text-xs break-all text-muted">{worker}</code>}
            {started_at != null && (
              <span className="ml-auto text-muted tabular-nums">
                {ended_at == null ? <Elapsed since={started_at} /> : duration(took(run, attempt) ?? Date.parse(ended_at) - Date.parse(started_at))}
                {', from '}
                <time dateTime={started_at}>{whole(new Date(started_at))}</time>
              </span>
            )}
          </li>
        ))}
      </ol>
    </Card>
  );
}
