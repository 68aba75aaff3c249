/** What waits for a worker: by priority, and by organization. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import type { ReactNode } from 'react';
import { api, call } from '@/api/client';
import { useMay } from '@/api/session';
import type { Priority, QueueOrganization, QueueWaiting, Status } from '@/api/types';
import { count } from '@/lib/format';
import { useNow } from '@/lib/hooks';
import { Badge } from '@/ui/badge';
import { Card } from '@/ui/card';
import { DataTable } from '@/ui/data-table';
import { Fact, Facts } from '@/ui/page';
import { Show } from '@/ui/states';
import { AGAIN } from './again';
import { isIdle, lineWords } from './words';

const PRIORITIES: Record<Priority, string> = { interactive: 'Interactive', normal: 'Normal', bulk: 'Bulk' };

export function Queue() {
  const queue = useQuery({
    queryKey: ['queue'],
    queryFn: ({ signal }) => call(api.GET('/api/queue', { signal })),
    refetchInterval: AGAIN,
  });
  return (
    <Card title="Queue" padded={false}>
      <Show query={queue}>
        {({ priorities, organizations, admitted, dead_letters }) => (
          <>
            <Facts className={organizations.length === 0 ? 'p-4' : 'border-b p-4'}>
              {priorities.every(isIdle) ? (
                <Fact name="Waiting">{organizations.length === 0 ? 'No run is waiting or under way.' : 'No run is waiting.'}</Fact>
              ) : (
                priorities.map((line) => (
                  <Fact key={line.priority} name={PRIORITIES[line.priority]}>
                    <Line line={line} />
                  </Fact>
                ))
              )}
              <Fact name="Admitted, no worker yet">{admitted == null ? 'unknown' : count(admitted)}</Fact>
              <Fact name="Dead letters to review">
                {dead_letters === 0 ? (
                  count(0)
                ) : (
                  <Link
                    to="/operations"
                    search={{ state: 'failed', replayed: 'no' }}
                    hash="dead-letters"
                    className="text-accent-text hover:underline"
                  >
                    {count(dead_letters)}
                  </Link>
                )}
              </Fact>
            </Facts>
            {organizations.length > 0 && (
              <DataTable label="Queue by organization" rows={organizations} columns={columns} id={(one) => one.organization_id} />
            )}
          </>
        )}
      </Show>
    </Card>
  );
}

const columns: ColumnDef<QueueOrganization>[] = [
  {
    id: 'organization',
    header: 'Organization',
    cell: ({ row: { original } }) => (
      <span className="flex flex-wrap items-center gap-2 font-medium wrap-anywhere">
        {original.organization_name}
        {!original.is_active && <Badge tone="warn">Suspended</Badge>}
      </span>
    ),
  },
  {
    id: 'waiting',
    header: 'Waiting',
    cell: ({ row: { original } }) => (
      <Runs of={original} status="Pending">
        <Line line={original} />
      </Runs>
    ),
  },
  {
    id: 'running',
    header: 'Under way',
    cell: ({ row: { original } }) => (
      <Runs of={original} status="Running">
        <span className="whitespace-nowrap tabular-nums">
          {count(original.running)} of {count(original.concurrent_runs)}
        </span>
      </Runs>
    ),
  },
];

function Line({ line }: { line: QueueWaiting }) {
  return <>{lineWords(line, useNow(1_000))}</>;
}

/** Leads to the runs that are meant, where they may be seen. */
function Runs({ of, status, children }: { of: QueueOrganization; status: Status; children: ReactNode }) {
  const may = useMay();
  if (!may('platform.enter')) return <>{children}</>;
  return (
    <Link to="/runs" search={{ org: of.organization_id, status }} className="text-accent-text hover:underline">
      {children}
    </Link>
  );
}
