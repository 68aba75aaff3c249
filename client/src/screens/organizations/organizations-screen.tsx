/** All organizations of the platform. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { Building2, Plus } from 'lucide-react';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { organizationsQuery } from '@/api/session';
import type { Organization } from '@/api/types';
import { Badge } from '@/ui/badge';
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
      about="Tenants of this platform. Each has its own people, code, settings and limits."
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

export function OrganizationState({ organization }: { organization: Organization }) {
  return (
    <span className="flex flex-wrap gap-1">
      {organization.is_offboarding ? (
        <Badge tone="bad">Being deleted</Badge>
      ) : organization.is_active ? (
        <Badge tone="good">Active</Badge>
      ) : (
        <Badge tone="warn">Suspended</Badge>
      )}
      {organization.is_provider && <Badge tone="accent">Provider</Badge>}
      {organization.requires_review && <Badge tone="info">Reviewed deploys</Badge>}
    </span>
  );
}

const columns: ColumnDef<Organization>[] = [
  {
    accessorKey: 'name',
    header: 'Name',
    cell: ({ row: { original } }) => (
      <Link
        to="/organizations/$id"
        params={{ id: original.id }}
        className="font-medium break-words after:absolute after:inset-0 hover:text-accent-text"
      >
        {original.name}
      </Link>
    ),
  },
  {
    accessorKey: 'domain',
    header: 'E-mail domain',
    cell: ({ row: { original } }) => <span className="text-muted">{original.domain ?? '–'}</span>,
    meta: { wide: true },
  },
  { id: 'state', header: 'State', enableSorting: false, cell: ({ row: { original } }) => <OrganizationState organization={original} /> },
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
        <LinkButton
          to="/"
          search={{ org: original.is_provider ? undefined : original.id }}
          size="small"
          className="relative z-10"
        >
          Enter
        </LinkButton>
      </div>
    ),
  },
];

function NewDialog({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [domain, setDomain] = useState('');
  const make = useMutation({
    mutationFn: () => call(api.POST('/api/organizations', { body: { name, domain: domain || null } })),
    onSuccess: async (made) => {
      done(`“${made.name}” is made`);
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
      action="Make it"
    >
      <Field label="Name">
        {(tied) => <Input {...tied} value={name} required autoFocus onChange={(event) => setName(event.target.value)} />}
      </Field>
      <Field label="E-mail domain" optional help="People with such an address who come from an identity provider belong to it.">
        {(tied) => <Input {...tied} value={domain} placeholder="example.com" onChange={(event) => setDomain(event.target.value)} />}
      </Field>
    </FormDialog>
  );
}
