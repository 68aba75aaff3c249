/** People, service accounts and invitations of the organization. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { Bot, MailPlus, Users } from 'lucide-react';
import { usersQuery } from '@/api/queries';
import { useMay, useOrganization } from '@/api/session';
import type { User } from '@/api/types';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { DataTable } from '@/ui/data-table';
import { CheckField } from '@/ui/field';
import { NothingFits } from '@/ui/nothing-fits';
import { Page } from '@/ui/page';
import { SearchBox } from '@/ui/search-box';
import { Empty, Show } from '@/ui/states';
import { Tabs } from '@/ui/tabs';
import { Ago } from '@/ui/time';
import { Invitations } from './invitations';
import { InviteDialog } from './invite-dialog';
import { ROLE_NAMES } from './role-names';
import { ServiceDialog } from './service-dialog';
import { UserDialog } from './user-dialog';

const route = getRouteApi('/app/people');

export function PeopleScreen() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const may = useMay();
  const make = (now: 'person' | 'service' | undefined) =>
    void navigate({ search: (old) => ({ ...old, add: now }), resetScroll: false });
  const users = useQuery(usersQuery(organization, search.inactive === '1'));
  const tab = search.tab ?? 'people';
  const list = (kind: User['kind']) => <UserList kind={kind} users={users} onAdd={() => make(kind)} />;
  const tabs = [
    { id: 'people' as const, label: 'People', content: list('person') },
    { id: 'services' as const, label: 'Service accounts', content: list('service') },
    ...(may('users.manage')
      ? [{ id: 'invitations' as const, label: 'Invitations', content: <Invitations onInvite={() => make('person')} /> }]
      : []),
  ];
  return (
    <Page
      title="People"
      about="Everybody who belongs to the organization, and the programs that act for it."
      actions={
        may('users.manage') && (
          <>
            <Button onClick={() => make('service')}>
              <Bot aria-hidden />
              New service account
            </Button>
            <Button look="primary" onClick={() => make('person')}>
              <MailPlus aria-hidden />
              Invite
            </Button>
          </>
        )
      }
    >
      <Tabs
        label="People"
        tabs={tabs}
        chosen={tab}
        onChoose={(now) => void navigate({ search: (old) => ({ ...old, tab: now === 'people' ? undefined : now }) })}
      />
      {search.add === 'person' && may('users.manage') && <InviteDialog onClose={() => make(undefined)} />}
      {search.add === 'service' && may('users.manage') && <ServiceDialog onClose={() => make(undefined)} />}
      {search.user !== undefined && users.data !== undefined && (
        <UserDialog
          key={search.user}
          user={users.data.find(({ id }) => id === search.user)}
          onClose={() => void navigate({ search: (old) => ({ ...old, user: undefined }), resetScroll: false })}
        />
      )}
    </Page>
  );
}

const columns: ColumnDef<User>[] = [
  {
    accessorKey: 'name',
    header: 'Name',
    cell: ({ row: { original } }) => (
      <>
        <Link
          from="/people"
          to="."
          resetScroll={false}
          search={(old) => ({ ...old, user: original.id })}
          className="font-medium break-words after:absolute after:inset-0 hover:text-accent-text"
        >
          {original.name || original.email}
        </Link>
        {original.name !== '' && original.name !== original.email && <span className="block text-xs break-all text-muted">{original.email}</span>}
      </>
    ),
  },
  {
    accessorKey: 'role',
    header: 'Role',
    cell: ({ row: { original } }) => (
      <span className="flex flex-wrap gap-1">
        <Badge tone={original.role === 'org_admin' || original.role === 'platform_admin' ? 'accent' : 'neutral'}>
          {ROLE_NAMES[original.role]}
        </Badge>
        {original.roles.map((role) => (
          <Badge key={role.id}>{role.name}</Badge>
        ))}
      </span>
    ),
  },
  {
    id: 'state',
    accessorFn: (user) => (user.is_active ? 0 : 1),
    header: 'State',
    cell: ({ row: { original } }) =>
      original.is_active ? <span className="text-muted">Active</span> : <Badge tone="warn">Deactivated</Badge>,
    meta: { wide: true },
  },
  {
    accessorKey: 'created_at',
    header: 'Since',
    cell: ({ row: { original } }) => <Ago at={original.created_at} className="relative z-10 whitespace-nowrap text-muted" />,
    meta: { wide: true },
  },
];

interface ListProps {
  kind: User['kind'];
  users: { data: User[] | undefined; error: unknown; refetch: () => unknown };
  onAdd: () => void;
}

function UserList({ kind, users, onAdd }: ListProps) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const wanted = (search.q ?? '').toLowerCase();
  const find = (q: string | undefined) => void navigate({ search: (old) => ({ ...old, q }), replace: true, resetScroll: false });
  return (
    <div className="grid gap-3">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <SearchBox
          label="Search"
          placeholder="Name or e-mail…"
          value={search.q}
          onChange={find}
          className="w-full sm:w-72"
        />
        <CheckField
          label="Show deactivated"
          checked={search.inactive === '1'}
          onChange={(event) =>
            void navigate({ search: (old) => ({ ...old, inactive: event.target.checked ? '1' : undefined }), replace: true, resetScroll: false })
          }
        />
      </div>
      <Card padded={false}>
        <Show query={users}>
          {(all) => {
            const shown = all.filter(
              (user) => user.kind === kind && `${user.name}\n${user.email}`.toLowerCase().includes(wanted),
            );
            if (shown.length === 0 && wanted !== '') {
              return <NothingFits icon={kind === 'person' ? Users : Bot} title="Nobody found" onClear={() => find(undefined)} />;
            }
            return shown.length === 0 ? (
              <NoUsers kind={kind} onAdd={onAdd} />
            ) : (
              <DataTable
                label={kind === 'person' ? 'People' : 'Service accounts'}
                rows={shown}
                columns={columns}
                id={(user) => user.id}
                sort={search.sort}
                onSort={(sort) => void navigate({ search: (old) => ({ ...old, sort }), replace: true, resetScroll: false })}
                marked={(user) => user.id === search.user}
              />
            );
          }}
        </Show>
      </Card>
    </div>
  );
}

function NoUsers({ kind, onAdd }: Pick<ListProps, 'kind' | 'onAdd'>) {
  const manages = useMay()('users.manage');
  const action = manages && (
    <Button look="primary" onClick={onAdd}>
      {kind === 'person' ? 'Invite somebody' : 'Create the first one'}
    </Button>
  );
  return kind === 'person' ? (
    <Empty icon={Users} title="Nobody is here yet" command="bifrost users invite ada@example.com --role org_user" action={action}>
      Whoever you invite gets a link, and chooses how to sign in.
    </Empty>
  ) : (
    <Empty icon={Bot} title="No service accounts yet" command="bifrost users create deploy-bot --service --role org_admin" action={action}>
      A service account is a program that signs in with keys, such as one that deploys from your repository.
    </Empty>
  );
}
