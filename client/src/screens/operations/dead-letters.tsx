/** Runs whose ticket the queue gave up on, and their replay. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { ChevronRight, Inbox } from 'lucide-react';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { useOrganization } from '@/api/session';
import type { DeadLetter } from '@/api/types';
import { oneOf } from '@/lib/search';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Confirm } from '@/ui/confirm';
import { DataTable } from '@/ui/data-table';
import { Select } from '@/ui/field';
import { NothingFits } from '@/ui/nothing-fits';
import { Empty, Show } from '@/ui/states';
import { StatusBadge } from '@/ui/status';
import { Ago } from '@/ui/time';
import { done } from '@/ui/toast';

const route = getRouteApi('/app/operations');

const PAGE = 50;

export function DeadLetters() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const { state, replayed, cursor } = search;
  const query = {
    limit: PAGE,
    ...(state === undefined ? {} : { state }),
    ...(replayed === undefined ? {} : { replayed: replayed === 'yes' }),
    ...(cursor === undefined ? {} : { cursor }),
  };
  const letters = useQuery({
    queryKey: ['dead-letters', organization, query],
    queryFn: ({ signal }) => call(api.GET('/api/dead-letters', { params: { query }, signal })),
  });
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (old) => ({ ...old, cursor: undefined, ...change }), replace: true, resetScroll: false });
  const next = letters.data?.next_cursor;
  return (
    <Card
      id="dead-letters"
      title="Dead letters"
      padded={false}
      actions={
        <>
          <Select
            aria-label="Decision"
            className="h-7 w-auto text-xs"
            value={state ?? ''}
            onChange={(event) => set({ state: oneOf(['retried', 'failed'], event.target.value) })}
          >
            <option value="">All</option>
            <option value="failed">Failed</option>
            <option value="retried">Tried again</option>
          </Select>
          <Select
            aria-label="Replayed"
            className="h-7 w-auto text-xs"
            value={replayed ?? ''}
            onChange={(event) => set({ replayed: oneOf(['yes', 'no'], event.target.value) })}
          >
            <option value="">Replayed or not</option>
            <option value="no">Not replayed</option>
            <option value="yes">Replayed</option>
          </Select>
        </>
      }
    >
      <Show query={letters}>
        {({ dead_letters: all }) =>
          all.length === 0 && (state !== undefined || replayed !== undefined) ? (
            <NothingFits icon={Inbox} action="Show all" onClear={() => set({ state: undefined, replayed: undefined })} />
          ) : all.length === 0 ? (
            <Empty icon={Inbox} title="No dead letters">
              Workers have taken every run from the queue.
            </Empty>
          ) : (
            <DataTable label="Dead letters" rows={all} columns={columns} id={(letter) => letter.id} />
          )
        }
      </Show>
      {next != null && (
        <div className="flex justify-end border-t p-2">
          <Button size="small" onClick={() => void navigate({ search: (old) => ({ ...old, cursor: next }) })}>
            Older
            <ChevronRight aria-hidden />
          </Button>
        </div>
      )}
    </Card>
  );
}

const columns: ColumnDef<DeadLetter>[] = [
  {
    id: 'workflow',
    header: 'Run',
    cell: ({ row: { original } }) => (
      <Link to="/runs/$id" params={{ id: original.execution_id }} search={{ org: original.organization_id }} className="font-medium hover:text-accent-text hover:underline">
        {original.workflow_name}
      </Link>
    ),
  },
  { id: 'reason', header: 'Reason', cell: ({ row: { original } }) => <span className="text-muted">{original.reason}</span> },
  { id: 'attempt', header: 'Attempt', cell: ({ row: { original } }) => original.attempt, meta: { wide: true } },
  {
    id: 'state',
    header: 'Decision',
    cell: ({ row: { original } }) => (
      <Badge tone={original.state === 'failed' ? 'bad' : 'info'}>{original.state === 'failed' ? 'Failed' : 'Tried again'}</Badge>
    ),
  },
  { id: 'status', header: 'Run status', cell: ({ row: { original } }) => <StatusBadge status={original.execution_status} />, meta: { wide: true } },
  { id: 'at', header: 'When', cell: ({ row: { original } }) => <Ago at={original.created_at} className="text-muted" />, meta: { wide: true } },
  { id: 'replay', header: '', cell: ({ row: { original } }) => <Replay letter={original} /> },
];

function Replay({ letter }: { letter: DeadLetter }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  if (letter.replayed_as != null) {
    return (
      <Link to="/runs/$id" params={{ id: letter.replayed_as }} search={{ org: letter.organization_id }} className="text-accent-text hover:underline">
        Replayed
      </Link>
    );
  }
  const replay = async () => {
    await call(api.POST('/api/dead-letters/{id}/replay', { params: { path: { id: letter.id } } }));
    done('The run is replayed');
    await client.invalidateQueries({ queryKey: ['dead-letters'] });
  };
  return (
    <div className="text-right">
      <Button size="small" onClick={() => setAsking(true)}>
        Replay
      </Button>
      <Confirm open={asking} onClose={() => setAsking(false)} title="Replay this run?" action="Replay" danger={false} onConfirm={replay}>
        This starts a new run of “{letter.workflow_name}” for the same organization, with the same parameters, in the active version.
      </Confirm>
    </div>
  );
}
