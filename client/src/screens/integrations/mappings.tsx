/** What organizations are called in the other system, and what is different for them. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { Building2 } from 'lucide-react';
import { useMemo } from 'react';
import { useMay, useMe, useOrganization, useOrganizations } from '@/api/session';
import type { Integration, Mapping } from '@/api/types';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { DataTable } from '@/ui/data-table';
import { NothingFits } from '@/ui/nothing-fits';
import { Fact, Facts } from '@/ui/page';
import { SearchBox } from '@/ui/search-box';
import { Empty, Show } from '@/ui/states';
import { MappingDialog } from './mapping-dialog';
import { mappingsQuery } from './queries';

const route = getRouteApi('/app/integrations/$name');

interface Row {
  id: string;
  name: string;
  mapping: Mapping | undefined;
}

export function Mappings({ integration }: { integration: Integration }) {
  const { edit } = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const me = useMe();
  const may = useMay();
  const { all, chosen } = useOrganizations();
  const mappings = useQuery(mappingsQuery(organization, integration.name));
  const open = (id: string | undefined) => void navigate({ search: (old) => ({ ...old, edit: id }), resetScroll: false });
  const many = organization === undefined && integration.organization_id == null && may('platform.enter');
  // What an organization is in the provider's integration is for the provider to say.
  const writes = integration.organization_id != null || may('platform.enter');
  const rows = useMemo((): Row[] => {
    const known = mappings.data ?? [];
    const of = (id: string) => known.find(({ organization_id }) => organization_id === id);
    if (!many) {
      const id = organization ?? me.organization_id;
      return [{ id, name: chosen?.name ?? me.organization_name, mapping: of(id) }];
    }
    return all.filter(({ is_offboarding }) => !is_offboarding).map(({ id, name }) => ({ id, name, mapping: of(id) }));
  }, [mappings.data, many, all, organization, me, chosen]);
  const row = rows.find(({ id }) => id === edit);
  return (
    <>
      <Show query={mappings}>{() => (many ? <Many rows={rows} open={open} /> : <One row={rows[0]} writes={writes} open={open} />)}</Show>
      {row !== undefined && writes && mappings.data !== undefined && (
        <MappingDialog key={row.id} integration={integration} organization={row} mapping={row.mapping} onClose={() => open(undefined)} />
      )}
    </>
  );
}

interface ManyProps {
  rows: Row[];
  open: (id: string) => void;
}

function Many({ rows, open }: ManyProps) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const wanted = (search.q ?? '').toLowerCase();
  const fits = rows.filter(({ name, mapping }) =>
    `${name}\n${mapping?.entity_id ?? ''}\n${mapping?.entity_name ?? ''}`.toLowerCase().includes(wanted),
  );
  const columns = useMemo(() => columnsOf(open), [open]);
  return (
    <div className="grid gap-3">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
        <SearchBox
          label="Search organizations"
          placeholder="Organization, ID or name…"
          value={search.q}
          onChange={(q) => void navigate({ search: (old) => ({ ...old, q }), replace: true, resetScroll: false })}
          className="w-full sm:w-80"
        />
        <p className="text-ui text-muted">
          {rows.filter(({ mapping }) => mapping !== undefined).length} of {rows.length} are mapped
        </p>
      </div>
      <Card padded={false}>
        {fits.length === 0 ? (
          <NothingFits
            icon={Building2}
            title="No organization fits"
            onClear={() => void navigate({ search: (old) => ({ ...old, q: undefined }), replace: true, resetScroll: false })}
          />
        ) : (
          <DataTable
            label="Organizations"
            rows={fits}
            columns={columns}
            id={({ id }) => id}
            sort={search.sort}
            onSort={(sort) => void navigate({ search: (old) => ({ ...old, sort }), replace: true, resetScroll: false })}
            marked={({ id }) => id === search.edit}
          />
        )}
      </Card>
    </div>
  );
}

const columnsOf = (open: (id: string) => void): ColumnDef<Row>[] => [
  {
    accessorKey: 'name',
    header: 'Organization',
    cell: ({ row: { original } }) => (
      <button type="button" className="rounded text-left font-medium break-words after:absolute after:inset-0 hover:text-accent-text" onClick={() => open(original.id)}>
        {original.name}
      </button>
    ),
  },
  {
    id: 'entity',
    accessorFn: ({ mapping }) => mapping?.entity_name ?? mapping?.entity_id ?? '',
    header: 'Mapped to',
    cell: ({ row: { original } }) => <Entity mapping={original.mapping} />,
  },
  {
    id: 'different',
    accessorFn: ({ mapping }) => Object.keys(mapping?.config ?? {}).length,
    header: 'Own values',
    cell: ({ row: { original } }) => <Different mapping={original.mapping} />,
    meta: { wide: true },
  },
  {
    id: 'connection',
    header: '',
    enableSorting: false,
    cell: ({ row: { original } }) => (
      <div className="text-right">
        <Link from="/integrations/$name" to="." search={{ org: original.id, tab: 'connection' }} className="relative z-10 rounded text-xs text-accent-text hover:underline">
          Connection
        </Link>
      </div>
    ),
    meta: { wide: true },
  },
];

function Entity({ mapping }: { mapping: Mapping | undefined }) {
  if (mapping === undefined) return <span className="text-muted">not mapped</span>;
  return (
    <>
      {mapping.entity_name != null && <span className="block break-words">{mapping.entity_name}</span>}
      <code className="font-mono text-xs break-all text-muted">{mapping.entity_id}</code>
    </>
  );
}

function Different({ mapping }: { mapping: Mapping | undefined }) {
  if (mapping === undefined) return null;
  const keys = Object.keys(mapping.config);
  return (
    <span className="flex flex-wrap gap-1">
      {keys.map((key) => (
        <Badge key={key}>{key}</Badge>
      ))}
      {mapping.missing.map((key) => (
        <Badge key={key} tone="warn">
          {key} is missing
        </Badge>
      ))}
      {keys.length + mapping.missing.length === 0 && <span className="text-muted">none</span>}
    </span>
  );
}

function One({ row, writes, open }: { row: Row | undefined; writes: boolean; open: (id: string) => void }) {
  if (row === undefined) return null;
  const { mapping } = row;
  const change = writes && (
    <Button look={mapping === undefined ? 'primary' : 'plain'} onClick={() => open(row.id)}>
      {mapping === undefined ? 'Map this organization' : 'Change'}
    </Button>
  );
  return (
    <Card className="max-w-3xl">
      {mapping === undefined ? (
        <Empty icon={Building2} title={`${row.name} is not mapped`} action={change}>
          {writes
            ? 'A mapping says what the organization is called in the other system, and which values of its own it has.'
            : 'Ask the provider to map it: this is the provider’s integration.'}
        </Empty>
      ) : (
        <div className="grid gap-4">
          <Facts>
            <Fact name="Mapped to">{mapping.entity_name ?? mapping.entity_id}</Fact>
            <Fact name="ID">
              <code className="font-mono text-xs break-all">{mapping.entity_id}</code>
            </Fact>
            <Fact name="Own values">
              <Different mapping={mapping} />
            </Fact>
          </Facts>
          <div>{change}</div>
        </div>
      )}
    </Card>
  );
}
