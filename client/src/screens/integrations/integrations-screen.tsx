/** Other systems as workflows know them. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { Globe, Plug, Plus } from 'lucide-react';
import { integrationsQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import type { Integration } from '@/api/types';
import { plural } from '@/lib/format';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { DataTable } from '@/ui/data-table';
import { NothingFits } from '@/ui/nothing-fits';
import { Page } from '@/ui/page';
import { SearchBox } from '@/ui/search-box';
import { Empty, Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { opensColumn } from '@/ui/opens';
import { health } from './health';
import { NewDialog } from './new-dialog';
import { connectionsQuery } from './queries';

const route = getRouteApi('/app/integrations');

export function IntegrationsScreen() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const integrations = useQuery(integrationsQuery(organization));
  const edit = (now: string | undefined) => void navigate({ search: (old) => ({ ...old, edit: now }), resetScroll: false });
  const add = (
    <Button look="primary" onClick={() => edit('new')}>
      <Plus aria-hidden />
      New integration
    </Button>
  );
  return (
    <Page
      title="Integrations"
      about="Other systems: which values they need, what each organization is called there, and what authorizes requests."
      actions={!integrations.isLoadingError && add}
    >
      {!integrations.isLoadingError && integrations.data?.length !== 0 && (
        <SearchBox
          label="Search integrations"
          value={search.q}
          onChange={(q) => void navigate({ search: (old) => ({ ...old, q }), replace: true, resetScroll: false })}
          className="w-full sm:w-72"
        />
      )}
      <Card padded={false}>
        <Show query={integrations}>
          {(all) => {
            const wanted = (search.q ?? '').toLowerCase();
            const fits = all.filter(({ name, description }) => `${name}\n${description}`.toLowerCase().includes(wanted));
            if (all.length === 0) {
              return (
                <Empty icon={Plug} title="No integrations yet" command="bifrost integrations create crm.json">
                  Create one for each system that workflows talk to. In code it is{' '}
                  <code className="font-mono text-xs whitespace-nowrap">crm = await integrations.get("CRM")</code>
                </Empty>
              );
            }
            if (fits.length === 0) {
              return <NothingFits icon={Plug} onClear={() => void navigate({ search: (old) => ({ ...old, q: undefined }), replace: true, resetScroll: false })} />;
            }
            return (
              <DataTable
                label="Integrations"
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

const columns: ColumnDef<Integration>[] = [
  {
    accessorKey: 'name',
    header: 'Name',
    cell: ({ row: { original } }) => (
      <>
        <Link
          to="/integrations/$name"
          params={{ name: original.name }}
          className="font-medium break-words after:absolute after:inset-0 hover:text-accent-text"
        >
          {original.name}
        </Link>
        {original.description !== '' && <span className="line-clamp-1 text-xs text-muted">{original.description}</span>}
      </>
    ),
  },
  {
    id: 'connection',
    header: 'Connection',
    enableSorting: false,
    cell: ({ row: { original } }) => <Standing integration={original} />,
  },
  {
    id: 'values',
    accessorFn: ({ config_schema }) => config_schema.length,
    header: 'Values',
    cell: ({ row: { original } }) => (
      <span className="text-muted">{original.config_schema.length === 0 ? '–' : plural(original.config_schema.length, 'value')}</span>
    ),
    meta: { wide: true },
  },
  {
    id: 'from',
    accessorFn: ({ organization_id }) => (organization_id == null ? 'provider' : 'own'),
    header: 'From',
    cell: ({ row: { original } }) => <Owner integration={original} />,
    meta: { wide: true },
  },
  {
    accessorKey: 'updated_at',
    header: 'Changed',
    cell: ({ row: { original } }) => <Ago at={original.updated_at} className="relative z-10 whitespace-nowrap text-muted" />,
    meta: { wide: true },
  },
  opensColumn<Integration>(),
];

/** Whose an integration is. */
export function Owner({ integration }: { integration: Integration }) {
  if (integration.organization_id != null) return <Badge tone="accent">Own</Badge>;
  return (
    <Badge>
      <Globe aria-hidden />
      Provider’s
    </Badge>
  );
}

/** How the scope's connection to an integration stands. */
function Standing({ integration }: { integration: Integration }) {
  const organization = useOrganization();
  const { data: connections } = useQuery(connectionsQuery(organization));
  if (integration.oauth == null) return <span className="text-muted">not needed</span>;
  if (connections === undefined) return null;
  const connection = connections.find(({ integration_id }) => integration_id === integration.id);
  const { word, tone } = health(connection, integration.oauth);
  return <Badge tone={tone}>{word}</Badge>;
}
