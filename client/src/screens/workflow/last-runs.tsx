/** The last runs of a workflow, live. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { runsQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import type { Workflow } from '@/api/types';
import { useLiveRuns } from '@/frame/live';
import { duration } from '@/lib/time';
import { Card } from '@/ui/card';
import { Show, SkeletonRows } from '@/ui/states';
import { StatusBadge } from '@/ui/status';
import { Ago } from '@/ui/time';

/** How many are shown. */
const SHOWN = 5;

export function LastRuns({ workflow }: { workflow: Workflow }) {
  useLiveRuns();
  const organization = useOrganization();
  const runs = useQuery(runsQuery(organization, { workflow_id: workflow.id, limit: SHOWN }));
  return (
    <Card
      title="Last runs"
      padded={false}
      actions={
        <Link to="/runs" search={{ workflow: workflow.id }} className="rounded text-xs text-accent-text hover:underline">
          All runs
        </Link>
      }
    >
      <Show query={runs} skeleton={<SkeletonRows rows={4} />}>
        {({ executions }) =>
          executions.length === 0 ? (
            <p className="px-4 py-6 text-center text-ui text-muted">No runs yet. Fill in the form and press Run.</p>
          ) : (
            <ul className="grid grid-cols-[auto_minmax(0,1fr)_auto] divide-y">
              {executions.map((run) => (
                <li key={run.execution_id} className="relative col-span-3 grid h-11 grid-cols-subgrid items-center gap-2 px-4 text-ui hover:bg-hover/60">
                  <StatusBadge status={run.status} className="justify-self-start" />
                  <Link
                    to="/runs/$id"
                    params={{ id: run.execution_id }}
                    className="truncate text-muted after:absolute after:inset-0"
                  >
                    <span className="sr-only">Run of </span>
                    <Ago at={run.created_at} />
                  </Link>
                  {run.duration_ms != null && (
                    <span className="text-right whitespace-nowrap text-muted tabular-nums">{duration(run.duration_ms)}</span>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Show>
    </Card>
  );
}
