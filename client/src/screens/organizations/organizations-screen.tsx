/** All organizations of the platform. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { Building2, Plus } from 'lucide-react';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { organizationsQuery, useScopeId } from '@/api/session';
import type { Organization } from '@/api/types';
import { Badge, type Tone } from '@/ui/badge';
import { Button, LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { DataTable } from '@/ui/data-table';
import { Field, Input } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { NothingFits } from '@/ui/nothing-fits';
import { Page } from '@/ui/page';
import { SearchBox } from '@/ui/search-box';
import { Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { done } from '@/ui/toast';
import { Left } from './left';

const route = getRouteApi('/app/organizations');

export function OrganizationsScreen() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [making, setMaking] = useState(false);
  const organizations = useQuery(organizationsQuery);
  const wanted = (search.q ?? '').toLowerCase();
  const find = (q: string | undefined) => void navigate({ search: (old) => ({ ...old, q }), replace: true, resetScroll: false });
  return (
    <Page
      title="Organizations"
      about="The tenants of this platform. Each has its own people, code, settings, and limits."
      actions={
        <Button look="primary" onClick={() => setMaking(true)}>
          <Plus aria-hidden />
          New organization
        </Button>
      }
    >
      <SearchBox label="Search organizations" value={search.q} onChange={find} className="w-full sm:w-72" />
      <Card padded={false}>
        <Show query={organizations}>
          {(all) => {
            const shown = all.filter(({ name, domain }) => `${name}\n${domain ?? ''}`.toLowerCase().includes(wanted));
            return shown.length === 0 ? (
              <NothingFits icon={Building2} onClear={() => find(undefined)} />
            ) : (
              <DataTable
                label="Organizations"
                rows={shown}
                columns={columns}
                id={({ id }) => id}
                sort={search.sort}
                onSort={(sort) => void navigate({ search: (old) => ({ ...old, sort }), replace: true, resetScroll: false })}
              />
            );
          }}
        </Show>
      </Card>
      <Left />
      {making && <NewDialog onClose={() => setMaking(false)} />}
    </Page>
  );
}

type State = 'Active' | 'Suspended' | 'Being deleted';

const TONES: Record<State, Tone> = { Active: 'good', Suspended: 'warn', 'Being deleted': 'bad' };

function stateOf({ is_offboarding, is_active }: Organization): State {
  if (is_offboarding) return 'Being deleted';
  return is_active ? 'Active' : 'Suspended';
}

export function OrganizationState({ organization }: { organization: Organization }) {
  const state = stateOf(organization);
  return <Badge tone={TONES[state]}>{state}</Badge>;
}

/** What kind of organization it is. */
export function OrganizationTags({ organization: { is_provider, requires_review } }: { organization: Organization }) {
  return (
    <>
      {is_provider && <Badge tone="accent">Provider</Badge>}
      {requires_review && <Badge tone="info">Reviewed deploys</Badge>}
    </>
  );
}

const columns: ColumnDef<Organization>[] = [
  {
    accessorKey: 'name',
    header: 'Name',
    cell: ({ row: { original } }) => (
      <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
        <Link
          to="/organizations/$id"
          params={{ id: original.id }}
          className="font-medium break-words after:absolute after:inset-0 hover:text-accent-text"
        >
          {original.name}
        </Link>
        <OrganizationTags organization={original} />
      </span>
    ),
  },
  {
    accessorKey: 'domain',
    header: 'E-mail domain',
    cell: ({ row: { original } }) => <span className="text-muted">{original.domain ?? '–'}</span>,
    meta: { wide: true },
  },
  { id: 'state', accessorFn: stateOf, header: 'State', cell: ({ row: { original } }) => <OrganizationState organization={original} /> },
  {
    accessorKey: 'created_at',
    header: 'Since',
    cell: ({ row: { original } }) => <Ago at={original.created_at} className="relative z-10 whitespace-nowrap text-muted" />,
    meta: { wide: true },
  },
  {
    id: 'enter',
    header: '',
    enableSorting: false,
    cell: ({ row: { original } }) => (
      <div className="text-right">
        <Enter organization={original} />
      </div>
    ),
  },
];

function Enter({ organization: { id, is_provider } }: { organization: Organization }) {
  const current = useScopeId();
  if (id === current) return <Badge>Current</Badge>;
  return (
    <LinkButton to="/" search={{ org: is_provider ? undefined : id }} size="small" className="relative z-10">
      Enter
    </LinkButton>
  );
}

function NewDialog({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [domain, setDomain] = useState('');
  const make = useMutation({
    mutationFn: () => call(api.POST('/api/organizations', { body: { name, domain: domain || null } })),
    onSuccess: async (made) => {
      done(`“${made.name}” was created`);
      await client.invalidateQueries({ queryKey: ['organizations'] });
      await navigate({ to: '/organizations/$id', params: { id: made.id } });
    },
  });
  return (
    <FormDialog
      title="New organization"
      onClose={onClose}
      onSubmit={() => make.mutate()}
      error={make.error}
      busy={make.isPending}
      action="Create"
    >
      <Field label="Name">
        {(tied) => <Input {...tied} value={name} required autoFocus onChange={(event) => setName(event.target.value)} />}
      </Field>
      <Field label="E-mail domain" optional help="People with an address of this domain, such as ada@example.com, become members when they sign in with an identity provider.">
        {(tied) => <Input {...tied} value={domain} placeholder="example.com" onChange={(event) => setDomain(event.target.value)} />}
      </Field>
    </FormDialog>
  );
}
