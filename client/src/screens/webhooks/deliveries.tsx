/** What was delivered, the newest first, read again by itself. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { Inbox, RotateCcw } from 'lucide-react';
import { useOrganization } from '@/api/session';
import type { Delivery, Webhook } from '@/api/types';
import { bytes, plural } from '@/lib/format';
import { oneOf } from '@/lib/search';
import { Badge } from '@/ui/badge';
import { LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { DataTable } from '@/ui/data-table';
import { Select } from '@/ui/field';
import { NothingFits } from '@/ui/nothing-fits';
import { Pages } from '@/ui/pages';
import { Empty, Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { opensColumn } from '@/ui/opens';
import { DeliveryDialog } from './delivery-dialog';
import { deliveriesQuery } from './queries';
import { DeliveryBadge, STATE_NAMES, STATES } from './states';

const route = getRouteApi('/app/webhooks/$id');

export function Deliveries({ webhook }: { webhook: Webhook }) {
  const { state, cursor, delivery } = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const deliveries = useQuery(deliveriesQuery(organization, webhook.id, { state, cursor }));
  const next = deliveries.data?.next_cursor;
  return (
    <div className="grid gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <Select
          aria-label="State"
          className="w-auto"
          value={state ?? ''}
          onChange={(event) =>
            void navigate({ search: (old) => ({ ...old, cursor: undefined, state: oneOf(STATE_NAMES, event.target.value) }), replace: true, resetScroll: false })
          }
        >
          <option value="">Any state</option>
          {STATE_NAMES.map((one) => (
            <option key={one} value={one}>
              {STATES[one].word}
            </option>
          ))}
        </Select>
        <p className="text-ui text-muted">Kept for {plural(webhook.retention_days, 'day')}.</p>
      </div>
      <Card padded={false}>
        <Show query={deliveries}>
          {({ deliveries: all }) =>
            all.length === 0 ? (
              <None filtered={state !== undefined} topic={webhook.topic ?? undefined} />
            ) : (
              <DataTable label="Deliveries" rows={all} columns={columns} id={({ id }) => id} marked={({ id }) => id === delivery} />
            )
          }
        </Show>
      </Card>
      <Pages
        back={cursor === undefined ? undefined : () => void navigate({ search: (old) => ({ ...old, cursor: undefined }) })}
        on={next == null ? undefined : () => void navigate({ search: (old) => ({ ...old, cursor: next }) })}
      />
      {delivery !== undefined && (
        <DeliveryDialog key={delivery} id={delivery} onClose={() => void navigate({ search: (old) => ({ ...old, delivery: undefined }), resetScroll: false })} />
      )}
    </div>
  );
}

function None({ filtered, topic }: { filtered: boolean; topic: string | undefined }) {
  const navigate = route.useNavigate();
  if (filtered) {
    return (
      <NothingFits
        icon={Inbox}
        title="No delivery is in this state"
        action="Show all deliveries"
        onClear={() => void navigate({ search: (old) => ({ ...old, state: undefined, cursor: undefined }), replace: true, resetScroll: false })}
      />
    );
  }
  if (topic !== undefined) {
    return (
      <Empty icon={Inbox} title="Nothing was emitted yet" command={`await events.emit("${topic}", {"id": 7})`}>
        Workflows in this organization emit it in code, and schedules at set times.
      </Empty>
    );
  }
  return (
    <Empty
      icon={Inbox}
      title="Nothing was delivered yet"
      action={
        <LinkButton from="/webhooks/$id" to="." search={{ tab: 'test' }} look="primary">
          Send a test
        </LinkButton>
      }
    >
      Enter the address and the secret at the sender. Deliveries are shown here right away.
    </Empty>
  );
}

const columns: ColumnDef<Delivery>[] = [
  { accessorKey: 'state', header: 'State', cell: ({ row: { original } }) => <DeliveryBadge state={original.state} />, meta: { className: 'w-32' } },
  {
    id: 'type',
    header: 'Event',
    cell: ({ row: { original } }) => (
      <>
        <Link
          from="/webhooks/$id"
          to="."
          resetScroll={false}
          search={(old) => ({ ...old, delivery: original.id })}
          className="font-medium break-words after:absolute after:inset-0 hover:text-accent-text"
        >
          {original.event_type ?? 'Delivery'}
        </Link>
        {original.error != null && <span className="line-clamp-1 text-xs text-bad">{original.error}</span>}
      </>
    ),
  },
  { id: 'outcome', header: 'Outcome', cell: ({ row: { original } }) => <Outcome delivery={original} />, meta: { wide: true } },
  {
    id: 'size',
    header: 'Body',
    cell: ({ row: { original } }) => <span className="whitespace-nowrap text-muted tabular-nums">{bytes(original.body_bytes)}</span>,
    meta: { wide: true },
  },
  {
    id: 'received',
    header: 'Received',
    cell: ({ row: { original } }) => <Ago at={original.received_at} className="relative z-10 whitespace-nowrap text-muted" />,
  },
  opensColumn<Delivery>(),
];

function Outcome({ delivery }: { delivery: Delivery }) {
  const runs = delivery.outcomes.filter(({ execution_id }) => execution_id != null).length;
  const filtered = delivery.outcomes.filter(({ reason }) => reason === 'filtered').length;
  const parts = [runs > 0 && plural(runs, 'run'), filtered > 0 && `${filtered} filtered out`, delivery.attempts > 1 && plural(delivery.attempts, 'attempt')];
  return (
    <span className="flex flex-wrap items-center gap-1.5 text-muted">
      {parts.filter((part) => part !== false).join(', ') || '–'}
      {delivery.replay_of != null && (
        <Badge tone="info">
          <RotateCcw aria-hidden />
          Replay
        </Badge>
      )}
    </span>
  );
}
