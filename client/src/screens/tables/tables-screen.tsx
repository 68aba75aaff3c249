/** Tables of JSON documents: the organization's own, and global ones. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { Globe, Plus, Table2 } from 'lucide-react';
import { useState } from 'react';
import { tablesQuery } from '@/api/queries';
import { api, call } from '@/api/client';
import { useMay, useOrganization } from '@/api/session';
import type { Table } from '@/api/types';
import { useSave } from '@/lib/change';
import { objectOf } from '@/lib/entered';
import { problemAt } from '@/lib/forms';
import { bytes, count } from '@/lib/format';
import { opensColumn } from '@/ui/opens';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { DataTable } from '@/ui/data-table';
import { Field, Input } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { JsonField } from '@/ui/json-field';
import { NothingFits } from '@/ui/nothing-fits';
import { Page } from '@/ui/page';
import { SearchBox } from '@/ui/search-box';
import { Empty, Show } from '@/ui/states';
import { Ago } from '@/ui/time';

const route = getRouteApi('/app/tables');

export function TablesScreen() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const may = useMay();
  const tables = useQuery(tablesQuery(organization));
  const find = (q: string | undefined) => void navigate({ search: (old) => ({ ...old, q }), replace: true, resetScroll: false });
  const edit = (now: string | undefined) => void navigate({ search: (old) => ({ ...old, edit: now }), resetScroll: false });
  const add = may('tables.write') && (
    <Button look="primary" onClick={() => edit('new')}>
      <Plus aria-hidden />
      New table
    </Button>
  );
  return (
    <Page title="Tables" about="JSON documents that workflows keep between runs." actions={!tables.isLoadingError && add}>
      {!tables.isLoadingError && tables.data?.length !== 0 && (
        <SearchBox label="Search tables" value={search.q} onChange={find} className="w-full sm:w-72" />
      )}
      <Card padded={false}>
        <Show query={tables}>
          {(all) => {
            const wanted = (search.q ?? '').toLowerCase();
            const fits = all.filter(({ name, description }) => `${name}\n${description ?? ''}`.toLowerCase().includes(wanted));
            if (all.length === 0) {
              return (
                <Empty icon={Table2} title="No tables yet" command={'await tables.insert("orders", {"id": 7, "status": "open"})'}>
                  A table is created when a workflow inserts its first document. Create one here to give it a schema first.
                </Empty>
              );
            }
            if (fits.length === 0) return <NothingFits icon={Table2} onClear={() => find(undefined)} />;
            return (
              <DataTable
                label="Tables"
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
      {search.edit !== undefined && <NewTable onClose={() => edit(undefined)} />}
    </Page>
  );
}

/** Whose a table is. */
export const TableOwner = ({ table }: { table: Table }) =>
  table.organization_id == null ? (
    <Badge>
      <Globe aria-hidden />
      Global
    </Badge>
  ) : (
    <Badge tone="accent">Own</Badge>
  );

const columns: ColumnDef<Table>[] = [
  {
    accessorKey: 'name',
    header: 'Name',
    cell: ({ row: { original } }) => (
      <>
        <Link to="/tables/$id" params={{ id: original.id }} className="font-medium break-words after:absolute after:inset-0 hover:text-accent-text">
          {original.name}
        </Link>
        {original.description != null && <span className="line-clamp-1 text-xs text-muted">{original.description}</span>}
      </>
    ),
  },
  {
    accessorKey: 'document_count',
    header: 'Documents',
    cell: ({ row: { original } }) => <span className="tabular-nums">{count(original.document_count)}</span>,
  },
  {
    accessorKey: 'bytes',
    header: 'Size',
    cell: ({ row: { original } }) => <span className="whitespace-nowrap text-muted tabular-nums">{bytes(original.bytes)}</span>,
    meta: { wide: true },
  },
  {
    id: 'from',
    accessorFn: ({ organization_id }) => (organization_id == null ? 'global' : 'own'),
    header: 'From',
    cell: ({ row: { original } }) => <TableOwner table={original} />,
    meta: { wide: true },
  },
  {
    accessorKey: 'updated_at',
    header: 'Changed',
    cell: ({ row: { original } }) => <Ago at={original.updated_at} className="relative z-10 whitespace-nowrap text-muted" />,
    meta: { wide: true },
  },
  opensColumn<Table>(),
];

/** What a schema can look like. */
export const EXAMPLE_SCHEMA = JSON.stringify(
  { type: 'object', properties: { status: { type: 'string', enum: ['open', 'done'] } }, required: ['status'] },
  null,
  2,
);

function NewTable({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [schema, setSchema] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const make = useSave(
    (table_schema: Record<string, unknown> | null) => call(api.POST('/api/tables', { body: { name, description: description || null, table_schema } })),
    {
      says: (made) => `“${made.name}” is created`,
      again: ['tables'],
      then: ({ id }) => void navigate({ to: '/tables/$id', params: { id } }),
    },
  );
  const submit = () => {
    const read = schema === undefined ? { value: null } : objectOf(schema);
    setProblem('problem' in read ? read.problem : undefined);
    if ('value' in read) make.mutate(read.value);
  };
  return (
    <FormDialog title="New table" onClose={onClose} onSubmit={submit} error={make.error} busy={make.isPending} action="Create">
      <Field label="Name" help="Starts with a letter, followed by letters, digits, _ and -, such as open_orders." error={problemAt(make.error, 'name')}>
        {(tied) => (
          <Input {...tied} value={name} required autoFocus pattern="[A-Za-z][A-Za-z0-9_\-]*" title="A letter, followed by letters, digits, _ and -" spellCheck={false} className="font-mono" onChange={(event) => setName(event.target.value)} />
        )}
      </Field>
      <Field label="Description" optional error={problemAt(make.error, 'description')}>
        {(tied) => <Input {...tied} value={description} onChange={(event) => setDescription(event.target.value)} />}
      </Field>
      {schema === undefined ? (
        <div>
          <Button size="small" onClick={() => setSchema(EXAMPLE_SCHEMA)}>
            Add a schema
          </Button>
        </div>
      ) : (
        <JsonField
          label="Schema"
          value={schema}
          onChange={setSchema}
          help="JSON Schema with type, properties, required, additionalProperties, items and enum. Every write is checked."
          error={problem ?? problemAt(make.error, 'table_schema')}
          height="14rem"
        />
      )}
    </FormDialog>
  );
}
