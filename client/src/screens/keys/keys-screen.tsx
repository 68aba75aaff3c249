/** API keys of the organization. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { KeyRound, Plus } from 'lucide-react';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { useUserName } from '@/api/names';
import { useOrganization } from '@/api/session';
import type { Key } from '@/api/types';
import { plural } from '@/lib/format';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Confirm } from '@/ui/confirm';
import { DataTable } from '@/ui/data-table';
import { CheckField } from '@/ui/field';
import { NothingFits } from '@/ui/nothing-fits';
import { Page } from '@/ui/page';
import { Empty, Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { done } from '@/ui/toast';
import { ROLE_NAMES } from '@/screens/people/role-names';
import { KeyDialog } from './key-dialog';

const route = getRouteApi('/app/keys');

const isGood = (key: Key): boolean =>
  key.revoked_at == null && (key.expires_at == null || new Date(key.expires_at) > new Date());

export function KeysScreen() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const [making, setMaking] = useState(false);
  const showAll = (all: boolean) =>
    void navigate({ search: (old) => ({ ...old, all: all ? '1' : undefined }), replace: true, resetScroll: false });
  const keys = useQuery({
    queryKey: ['keys', organization],
    queryFn: ({ signal }) => call(api.GET('/api/keys', { signal })),
  });
  return (
    <Page
      title="API keys"
      about="A key acts as its holder, and allows no more than is written into it."
      actions={
        <Button look="primary" onClick={() => setMaking(true)}>
          <Plus aria-hidden />
          New key
        </Button>
      }
    >
      <CheckField
        label="Also revoked and expired"
        checked={search.all === '1'}
        onChange={(event) => showAll(event.target.checked)}
      />
      <Card padded={false}>
        <Show query={keys}>
          {({ keys: all }) => {
            const shown = all.filter((key) => search.all === '1' || isGood(key));
            if (all.length === 0) {
              return (
                <Empty
                  icon={KeyRound}
                  title="No keys yet"
                  command="bifrost keys create --email deploy-bot --role org_admin --expires 90"
                  action={
                    <Button look="primary" onClick={() => setMaking(true)}>
                      Make the first one
                    </Button>
                  }
                >
                  Programs sign in with a key, for instance what deploys from your repository.
                </Empty>
              );
            }
            if (shown.length === 0) {
              return (
                <NothingFits icon={KeyRound} title="No key is valid any more" action="Show revoked and expired ones" onClear={() => showAll(true)}>
                  {plural(all.length, 'key was', 'keys were')} revoked, or came to an end.
                </NothingFits>
              );
            }
            return (
              <DataTable
                label="API keys"
                rows={shown}
                columns={columns}
                id={(key) => key.id}
                sort={search.sort}
                onSort={(sort) => void navigate({ search: (old) => ({ ...old, sort }), replace: true, resetScroll: false })}
              />
            );
          }}
        </Show>
      </Card>
      {making && <KeyDialog onClose={() => setMaking(false)} />}
    </Page>
  );
}

const columns: ColumnDef<Key>[] = [
  {
    accessorKey: 'name',
    header: 'Name',
    cell: ({ row: { original } }) => (
      <>
        <span className="font-medium break-words">{original.name}</span>
        <code className="block font-mono text-xs text-muted">{original.prefix}…</code>
      </>
    ),
  },
  { id: 'holder', header: 'Holder', enableSorting: false, cell: ({ row: { original } }) => <Holder id={original.user_id} /> },
  {
    accessorKey: 'role',
    header: 'Allows',
    cell: ({ row: { original } }) => (
      <span className="flex flex-wrap gap-1">
        <Badge>{ROLE_NAMES[original.role]}</Badge>
        {original.permissions != null && <Badge tone="info">only {plural(original.permissions.length, 'permission')}</Badge>}
      </span>
    ),
    meta: { wide: true },
  },
  {
    id: 'used',
    accessorFn: (key) => key.last_used_at ?? '',
    header: 'Last used',
    cell: ({ row: { original } }) => (
      <span className="text-muted">{original.last_used_at == null ? 'never' : <Ago at={original.last_used_at} />}</span>
    ),
    meta: { wide: true },
  },
  {
    id: 'ends',
    accessorFn: (key) => key.expires_at ?? '',
    header: 'Ends',
    cell: ({ row: { original } }) => {
      if (original.revoked_at != null) return <Badge tone="bad">Revoked</Badge>;
      if (original.expires_at == null) return <span className="text-muted">never</span>;
      return isGood(original) ? <Ago at={original.expires_at} className="text-muted" /> : <Badge tone="warn">Expired</Badge>;
    },
  },
  { id: 'revoke', header: '', enableSorting: false, cell: ({ row: { original } }) => <Revoke apiKey={original} /> },
];

const Holder = ({ id }: { id: string }) => <span className="text-muted">{useUserName()(id)}</span>;

function Revoke({ apiKey }: { apiKey: Key }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  if (!isGood(apiKey)) return null;
  const revoke = async () => {
    await call(api.DELETE('/api/keys/{id}', { params: { path: { id: apiKey.id } } }));
    done(`“${apiKey.name}” is revoked`);
    await client.invalidateQueries({ queryKey: ['keys'] });
  };
  return (
    <div className="text-right">
      <Button size="small" look="danger" onClick={() => setAsking(true)}>
        Revoke
      </Button>
      <Confirm open={asking} onClose={() => setAsking(false)} title={`Revoke “${apiKey.name}”?`} action="Revoke" onConfirm={revoke}>
        Whatever uses it is refused within five seconds. It cannot be made good again.
      </Confirm>
    </div>
  );
}
