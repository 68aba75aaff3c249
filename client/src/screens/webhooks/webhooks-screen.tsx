/** What starts workflows when another system, or another workflow, says that something happened. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { Plus, Webhook as WebhookIcon } from 'lucide-react';
import { webhooksQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import type { Webhook } from '@/api/types';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { CopyButton } from '@/ui/copy';
import { DataTable } from '@/ui/data-table';
import { NothingFits } from '@/ui/nothing-fits';
import { Page } from '@/ui/page';
import { SearchBox } from '@/ui/search-box';
import { Empty, Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { opensColumn } from '@/ui/opens';
import { KINDS } from './kinds';
import { NewDialog } from './new-dialog';
import { whileMoving } from './queries';
import { AdapterBadge } from './states';

const route = getRouteApi('/app/webhooks');

export function WebhooksScreen() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const webhooks = useQuery({ ...webhooksQuery(organization), refetchInterval: whileMoving });
  const edit = (now: string | undefined) => void navigate({ search: (old) => ({ ...old, edit: now }), resetScroll: false });
  const add = (
    <Button look="primary" onClick={() => edit('new')}>
      <Plus aria-hidden />
      New webhook
    </Button>
  );
  return (
    <Page
      title="Webhooks"
      about="Other systems deliver events here, and workflows start for them. Each delivery is kept, and can be replayed."
      actions={!webhooks.isLoadingError && add}
    >
      {!webhooks.isLoadingError && webhooks.data?.length !== 0 && (
        <SearchBox
          label="Search webhooks"
          value={search.q}
          onChange={(q) => void navigate({ search: (old) => ({ ...old, q }), replace: true, resetScroll: false })}
          className="w-full sm:w-72"
        />
      )}
      <Card padded={false}>
        <Show query={webhooks}>
          {(all) => {
            const wanted = (search.q ?? '').toLowerCase();
            const fits = all.filter(({ name, kind, topic, adapter }) => `${name}\n${KINDS[kind].label}\n${topic ?? adapter?.name ?? ''}`.toLowerCase().includes(wanted));
            if (all.length === 0) {
              return (
                <Empty icon={WebhookIcon} title="No webhooks yet" command="bifrost webhooks create github-main --kind github">
                  Create one for each sender. It gets an address and a secret to enter there; then you choose which workflows start.
                </Empty>
              );
            }
            if (fits.length === 0) {
              return <NothingFits icon={WebhookIcon} onClear={() => void navigate({ search: (old) => ({ ...old, q: undefined }), replace: true, resetScroll: false })} />;
            }
            return (
              <DataTable
                label="Webhooks"
                rows={fits}
                columns={columns}
                id={({ id }) => id}
                sort={search.sort}
                onSort={(sort) => void navigate({ search: (old) => ({ ...old, sort }), replace: true, resetScroll: false })}
              />
            );
          }}
        </Show>
      </Card>
      {search.edit !== undefined && <NewDialog onClose={() => edit(undefined)} />}
    </Page>
  );
}

/** The whole address of a webhook. */
export const addressOf = (webhook: Webhook): string | undefined => (webhook.path == null ? undefined : `${location.origin}${webhook.path}`);

const columns: ColumnDef<Webhook>[] = [
  {
    accessorKey: 'name',
    header: 'Name',
    cell: ({ row: { original } }) => (
      <Link
        to="/webhooks/$id"
        params={{ id: original.id }}
        className="font-medium break-words after:absolute after:inset-0 hover:text-accent-text"
      >
        {original.name}
      </Link>
    ),
  },
  {
    accessorKey: 'kind',
    header: 'Kind',
    cell: ({ row: { original } }) => <Badge tone={original.kind === 'unsigned' ? 'warn' : 'neutral'}>{original.adapter?.name ?? KINDS[original.kind].label}</Badge>,
  },
  {
    id: 'address',
    header: 'Address',
    enableSorting: false,
    cell: ({ row: { original } }) =>
      original.path == null ? (
        <code className="font-mono text-xs text-muted">{original.topic}</code>
      ) : (
        <span className="relative z-10 flex min-w-0 items-center gap-1">
          <code className="font-mono text-xs break-all text-muted">{original.path}</code>
          <CopyButton text={addressOf(original) ?? ''} label={`Copy the address of ${original.name}`} />
        </span>
      ),
    meta: { wide: true },
  },
  {
    id: 'on',
    accessorFn: ({ enabled }) => (enabled ? 0 : 1),
    header: 'State',
    cell: ({ row: { original: { enabled, adapter } } }) => (
      <span className="flex flex-wrap gap-1">
        {enabled ? <Badge tone="good">On</Badge> : <Badge>Off</Badge>}
        {adapter != null && (adapter.status !== 'active' || !adapter.is_deployed) && <AdapterBadge adapter={adapter} />}
      </span>
    ),
  },
  {
    accessorKey: 'created_at',
    header: 'Since',
    cell: ({ row: { original } }) => <Ago at={original.created_at} className="relative z-10 whitespace-nowrap text-muted" />,
    meta: { wide: true },
  },
  opensColumn<Webhook>(),
];
