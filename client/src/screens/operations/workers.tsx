/** The processes that take runs, wherever they are. */
import { useQuery } from '@tanstack/react-query';
import type { ColumnDef } from '@tanstack/react-table';
import { Server } from 'lucide-react';
import { api, call } from '@/api/client';
import type { Worker } from '@/api/types';
import { count, plural } from '@/lib/format';
import { useNow } from '@/lib/hooks';
import { Badge } from '@/ui/badge';
import { Card } from '@/ui/card';
import { DataTable } from '@/ui/data-table';
import { Empty, Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { AGAIN } from './again';
import { workerState } from './words';

export function Workers() {
  const workers = useQuery({
    queryKey: ['workers'],
    queryFn: ({ signal }) => call(api.GET('/api/workers', { signal })),
    select: (answer) => answer.workers,
    refetchInterval: AGAIN,
  });
  const free = workers.data?.reduce((sum, worker) => sum + worker.free, 0);
  return (
    <Card
      title="Workers"
      padded={false}
      actions={free !== undefined && <span className="text-xs text-muted tabular-nums">{plural(free, 'free slot')}</span>}
    >
      <Show query={workers}>
        {(all) =>
          all.length === 0 ? (
            <Empty icon={Server} title="No workers" command="bifrost worker">
              Runs are accepted, and wait until a worker starts.
            </Empty>
          ) : (
            <DataTable label="Workers" rows={all} columns={columns} id={(worker) => worker.id} />
          )
        }
      </Show>
    </Card>
  );
}

const columns: ColumnDef<Worker>[] = [
  {
    id: 'worker',
    header: 'Worker',
    cell: ({ row: { original } }) => (
      <div className="grid min-w-0">
        <span className="font-medium break-words">{original.host}</span>
        <code className="font-mono text-2xs break-all text-faint">{original.id}</code>
      </div>
    ),
  },
  { id: 'state', header: 'State', cell: ({ row: { original } }) => <WorkerState worker={original} /> },
  {
    id: 'runs',
    header: 'Runs',
    cell: ({ row: { original } }) => (
      <span className="tabular-nums sm:whitespace-nowrap">
        {count(original.running)} of {count(original.slots)}
      </span>
    ),
  },
  { id: 'version', header: 'Version', cell: ({ row: { original } }) => <span className="text-muted">{original.version}</span>, meta: { wide: true } },
  { id: 'since', header: 'Since', cell: ({ row: { original } }) => <Ago at={original.started_at} className="whitespace-nowrap text-muted" />, meta: { wide: true } },
  { id: 'seen', header: 'Last heard from', cell: ({ row: { original } }) => <Ago at={original.seen_at} className="whitespace-nowrap text-muted" />, meta: { wide: true } },
];

function WorkerState({ worker }: { worker: Worker }) {
  const { tone, text } = workerState(worker, useNow(1_000));
  return <Badge tone={tone}>{text}</Badge>;
}
