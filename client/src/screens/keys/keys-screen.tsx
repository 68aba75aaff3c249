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
import { Badge, type Tone } from '@/ui/badge';
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

type State = 'Active' | 'Expired' | 'Revoked';

const TONES: Record<State, Tone> = { Active: 'good', Expired: 'warn', Revoked: 'bad' };

function stateOf(key: Key): State {
  if (key.revoked_at != null) return 'Revoked';
  return key.expires_at == null || new Date(key.expires_at) > new Date() ? 'Active' : 'Expired';
}

const isActive = (key: Key): boolean => stateOf(key) === 'Active';

export function KeysScreen() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const nameOf = useUserName();
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
      about="Programs sign in with a key. It acts as its holder, and allows no more than you choose for it."
      actions={
        <Button look="primary" onClick={() => setMaking(true)}>
          <Plus aria-hidden />
          New key
        </Button>
      }
    >
      <CheckField
        label="Show revoked and expired"
        checked={search.all === '1'}
        onChange={(event) => showAll(event.target.checked)}
      />
      <Card padded={false}>
        <Show query={keys}>
          {({ keys: all }) => {
            const shown = all.filter((key) => search.all === '1' || isActive(key));
            if (all.length === 0) {
              return (
                <Empty
                  icon={KeyRound}
                  title="No keys yet"
                  command="bifrost keys create --email deploy-bot --role org_admin --expires 90"
                  action={
                    <Button look="primary" onClick={() => setMaking(true)}>
                      Create the first key
                    </Button>
                  }
                >
                  A program signs in with a key, such as one that deploys from your repository.
                </Empty>
              );
            }
            if (shown.length === 0) {
              return (
                <NothingFits icon={KeyRound} title="No active keys" action="Show all keys" onClear={() => showAll(true)}>
                  {plural(all.length, 'key has', 'keys have')} expired or been revoked.
                </NothingFits>
              );
            }
            return (
              <DataTable
                label="API keys"
                rows={shown}
                columns={columnsOf(nameOf)}
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

const columnsOf = (nameOf: (user: string) => string): ColumnDef<Key>[] => [
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
  {
    id: 'holder',
    accessorFn: (key) => nameOf(key.user_id),
    header: 'Holder',
    cell: ({ row: { original } }) => <span className="break-words text-muted">{nameOf(original.user_id)}</span>,
  },
  {
    accessorKey: 'role',
    header: 'Allows',
    cell: ({ row: { original } }) => (
      <span className="flex flex-wrap gap-1">
        <Badge>{ROLE_NAMES[original.role]}</Badge>
        {original.permissions != null && <Badge tone="info">Only {plural(original.permissions.length, 'permission')}</Badge>}
      </span>
    ),
    meta: { wide: true },
  },
  {
    id: 'state',
    accessorFn: stateOf,
    header: 'State',
    cell: ({ row: { original } }) => {
      const state = stateOf(original);
      return <Badge tone={TONES[state]}>{state}</Badge>;
    },
  },
  {
    id: 'used',
    accessorFn: (key) => key.last_used_at ?? '',
    header: 'Last used',
    cell: ({ row: { original } }) => <Instant at={original.last_used_at} />,
    meta: { wide: true },
  },
  {
    id: 'ends',
    accessorFn: (key) => key.expires_at ?? '',
    header: 'Expires',
    cell: ({ row: { original } }) => <Instant at={original.expires_at} />,
    meta: { wide: true },
  },
  { id: 'revoke', header: '', enableSorting: false, cell: ({ row: { original } }) => <Revoke apiKey={original} /> },
];

const Instant = ({ at }: { at: string | null | undefined }) => (
  <span className="whitespace-nowrap text-muted">{at == null ? 'Never' : <Ago at={at} />}</span>
);

function Revoke({ apiKey }: { apiKey: Key }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  if (!isActive(apiKey)) return null;
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
        Whatever uses it is refused within five seconds. This cannot be undone.
      </Confirm>
    </div>
  );
}
