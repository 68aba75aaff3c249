/** All paths at which workflows of the organization answer plain HTTP. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { Globe, Link2, Plus } from 'lucide-react';
import { useOrganization } from '@/api/session';
import type { Endpoint } from '@/api/types';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { CopyButton } from '@/ui/copy';
import { DataTable } from '@/ui/data-table';
import { NothingFits } from '@/ui/nothing-fits';
import { Page } from '@/ui/page';
import { SearchBox } from '@/ui/search-box';
import { Empty, Show } from '@/ui/states';
import { opensColumn } from '@/ui/opens';
import { EndpointDialog } from './endpoint-dialog';
import { endpointsQuery } from './queries';

const route = getRouteApi('/app/endpoints');

export function EndpointsScreen() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const endpoints = useQuery(endpointsQuery(organization));
  const edited = endpoints.data?.find(({ id }) => id === search.edit);
  const edit = (now: string | undefined) => void navigate({ search: (old) => ({ ...old, edit: now }), resetScroll: false });
  const add = (
    <Button look="primary" onClick={() => edit('new')}>
      <Plus aria-hidden />
      New endpoint
    </Button>
  );
  return (
    <Page
      title="Endpoints"
      about="Paths at which workflows answer plain HTTP. A workflow’s own page shows how to call it."
      actions={!endpoints.isLoadingError && add}
    >
      {!endpoints.isLoadingError && endpoints.data?.length !== 0 && (
        <SearchBox
          label="Search endpoints"
          value={search.q}
          onChange={(q) => void navigate({ search: (old) => ({ ...old, q }), replace: true, resetScroll: false })}
          className="w-full sm:w-72"
        />
      )}
      <Card padded={false}>
        <Show query={endpoints}>
          {(all) => {
            const wanted = (search.q ?? '').toLowerCase();
            const fits = all.filter(({ slug, workflow_name }) => `${slug}\n${workflow_name}`.toLowerCase().includes(wanted));
            if (all.length === 0) {
              return (
                <Empty icon={Link2} title="No endpoints yet" command='bifrost endpoints create "Look up order" orders --method GET'>
                  An endpoint lets other systems call a workflow with an API key, or without one where you allow it. In code it is{' '}
                  <code className="font-mono text-xs whitespace-nowrap">@workflow(endpoint_enabled=True)</code>.
                </Empty>
              );
            }
            if (fits.length === 0) {
              return (
                <NothingFits icon={Link2} onClear={() => void navigate({ search: (old) => ({ ...old, q: undefined }), replace: true, resetScroll: false })}>
                  No path and no workflow has “{search.q}” in its name.
                </NothingFits>
              );
            }
            return (
              <DataTable
                label="Endpoints"
                rows={fits}
                columns={columns}
                id={({ id }) => id}
                sort={search.sort}
                onSort={(sort) => void navigate({ search: (old) => ({ ...old, sort }), replace: true, resetScroll: false })}
                marked={({ id }) => id === search.edit}
              />
            );
          }}
        </Show>
      </Card>
      {search.edit !== undefined && endpoints.data !== undefined && (search.edit === 'new' || edited !== undefined) && (
        <EndpointDialog key={search.edit} endpoint={edited} onClose={() => edit(undefined)} />
      )}
    </Page>
  );
}

/** Who may call an endpoint. */
const AccessBadges = ({ endpoint }: { endpoint: Endpoint }) => (
  <>
    {endpoint.public ? (
      <Badge tone="warn">
        <Globe aria-hidden />
        Public
      </Badge>
    ) : (
      <Badge>With a key</Badge>
    )}
    {endpoint.source === 'decorator' && <Badge>From code</Badge>}
  </>
);

/** Who may call an endpoint, and whether it is off. */
export const EndpointBadges = ({ endpoint }: { endpoint: Endpoint }) => (
  <span className="flex flex-wrap gap-1">
    <AccessBadges endpoint={endpoint} />
    {!endpoint.enabled && <Badge>Off</Badge>}
  </span>
);

/** A path, of which a phone shows what differs. */
const Path = ({ endpoint: { path, slug } }: { endpoint: Endpoint }) => (
  <>
    <span className="font-normal text-muted max-md:hidden">{path.slice(0, -slug.length)}</span>
    {slug}
  </>
);

const columns: ColumnDef<Endpoint>[] = [
  {
    accessorKey: 'slug',
    header: 'Path',
    cell: ({ row: { original } }) => (
      <span className="flex items-center gap-1">
        <Link
          from="/endpoints"
          to="."
          resetScroll={false}
          search={(old) => ({ ...old, edit: original.id })}
          className="font-mono text-xs font-medium break-all after:absolute after:inset-0 hover:text-accent-text"
        >
          <Path endpoint={original} />
        </Link>
        <span className="relative z-10">
          <CopyButton text={`${location.origin}${original.path}`} label={`Copy the address of ${original.slug}`} />
        </span>
      </span>
    ),
  },
  {
    accessorKey: 'workflow_name',
    header: 'Workflow',
    cell: ({ row: { original } }) => (
      <Link
        to="/workflows/$id"
        params={{ id: original.workflow_id }}
        search={{ tab: 'endpoints' }}
        className="relative z-10 rounded break-words hover:text-accent-text hover:underline"
      >
        {original.workflow_name}
      </Link>
    ),
    meta: { wide: true },
  },
  {
    id: 'methods',
    accessorFn: ({ methods }) => methods.join(' '),
    header: 'Methods',
    cell: ({ row: { original } }) => <span className="font-mono text-xs text-muted">{original.methods.join(', ')}</span>,
    meta: { wide: true },
  },
  {
    id: 'who',
    accessorFn: ({ public: open }) => (open ? 0 : 1),
    header: 'Access',
    cell: ({ row: { original } }) => (
      <span className="flex flex-wrap gap-1">
        <AccessBadges endpoint={original} />
      </span>
    ),
  },
  {
    id: 'state',
    accessorFn: ({ enabled }) => (enabled ? 0 : 1),
    header: 'State',
    cell: ({ row: { original } }) => (original.enabled ? <Badge tone="good">On</Badge> : <Badge>Off</Badge>),
  },
  {
    id: 'answers',
    accessorKey: 'mode',
    header: 'Response',
    cell: ({ row: { original } }) => <span className="text-muted">{original.mode === 'sync' ? `within ${original.deadline_seconds} s` : 'immediately'}</span>,
    meta: { wide: true },
  },
  opensColumn<Endpoint>(),
];
