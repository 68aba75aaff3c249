/** One table: its documents, and the schema that they have. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Plus } from 'lucide-react';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { useOrganization } from '@/api/session';
import type { Table } from '@/api/types';
import { useSave } from '@/lib/change';
import { objectOf } from '@/lib/entered';
import { problemAt } from '@/lib/forms';
import { bytes, plural } from '@/lib/format';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { DeleteButton } from '@/ui/delete-button';
import { Field, Input } from '@/ui/field';
import { JsonField } from '@/ui/json-field';
import { Notice } from '@/ui/notice';
import { Page } from '@/ui/page';
import { FormError, Show, Skeleton } from '@/ui/states';
import { Tabs } from '@/ui/tabs';
import { Documents } from './documents-panel';
import { tableQuery, useWrites } from './queries';
import { EXAMPLE_SCHEMA, TableOwner } from './tables-screen';

const route = getRouteApi('/app/tables/$id');

export function TableScreen() {
  const { id } = route.useParams();
  const organization = useOrganization();
  const table = useQuery(tableQuery(organization, id));
  return (
    <Show
      query={table}
      skeleton={
        <Page title="Table">
          <Skeleton className="h-72" />
        </Page>
      }
    >
      {(data) => <Loaded key={data.id} table={data} />}
    </Show>
  );
}

function Loaded({ table }: { table: Table }) {
  const { tab = 'documents' } = route.useSearch();
  const navigate = route.useNavigate();
  const writes = useWrites()(table);
  const tabs = [
    { id: 'documents' as const, label: 'Documents', content: <Documents table={table} writes={writes} /> },
    { id: 'settings' as const, label: 'Schema and settings', content: <Settings key={table.updated_at} table={table} writes={writes} /> },
  ];
  return (
    <Page
      title={table.name}
      above={
        <Link to="/tables" className="hover:text-ink hover:underline">
          Tables
        </Link>
      }
      about={
        <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <TableOwner table={table} />
          <span className="tabular-nums">
            {plural(table.document_count, 'document')} of 100,000, {bytes(table.bytes)} of 256 MiB
          </span>
          {table.description != null && <span>· {table.description}</span>}
        </span>
      }
      actions={
        writes && (
          <Button look="primary" onClick={() => void navigate({ search: (old) => ({ ...old, tab: undefined, edit: 'new' }), resetScroll: false })}>
            <Plus aria-hidden />
            New document
          </Button>
        )
      }
    >
      <Tabs
        label="About this table"
        tabs={tabs}
        chosen={tab}
        onChoose={(now) => void navigate({ search: (old) => ({ ...old, tab: now === 'documents' ? undefined : now }), replace: true, resetScroll: false })}
      />
    </Page>
  );
}

function Settings({ table, writes }: { table: Table; writes: boolean }) {
  const navigate = route.useNavigate();
  const had = table.table_schema == null ? '' : JSON.stringify(table.table_schema, null, 2);
  const [description, setDescription] = useState(table.description ?? '');
  const [schema, setSchema] = useState(had);
  const [problem, setProblem] = useState<string>();
  const params = { path: { id: table.id } };
  const save = useSave(
    (table_schema: Record<string, unknown>) => call(api.PATCH('/api/tables/{id}', { params, body: { description, table_schema } })),
    { says: ({ name }) => `“${name}” is saved`, again: ['tables'] },
  );
  const remove = useSave(() => call(api.DELETE('/api/tables/{id}', { params })), { says: () => `“${table.name}” is deleted`, again: ['tables'] });
  const submit = () => {
    const read = schema.trim() === '' ? { value: {} } : objectOf(schema);
    setProblem('problem' in read ? read.problem : undefined);
    if ('value' in read) save.mutate(read.value);
  };
  return (
    <div className="grid max-w-4xl gap-5">
      <Card title="Schema and settings">
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          {!writes && <Notice>This table is read-only here. It can be changed in the organization that it belongs to, by anyone who may write tables there.</Notice>}
          <FormError error={save.error} />
          <fieldset disabled={!writes} className="grid min-w-0 gap-4">
            <Field label="Description" optional error={problemAt(save.error, 'description')}>
              {(tied) => <Input {...tied} value={description} onChange={(event) => setDescription(event.target.value)} />}
            </Field>
            <JsonField
              label="Schema"
              value={schema}
              onChange={setSchema}
              help={
                <>
                  JSON Schema with type, properties, required, additionalProperties, items and enum. Leave it empty to allow any document. Every
                  write is checked from now on; existing documents are not.
                </>
              }
              error={problem ?? problemAt(save.error, 'table_schema')}
            />
          </fieldset>
          {writes && (
            <div className="flex flex-wrap justify-end gap-2">
              {schema.trim() === '' && <Button onClick={() => setSchema(EXAMPLE_SCHEMA)}>Start with an example</Button>}
              <Button type="submit" look="primary" busy={save.isPending}>
                Save
              </Button>
            </div>
          )}
        </form>
      </Card>
      {writes && (
        <Card title="Delete this table">
          <div className="flex flex-wrap items-center gap-3">
            <p className="min-w-0 flex-1 basis-64 text-ui text-muted">It has {plural(table.document_count, 'document')}. Workflows that read it will find nothing.</p>
            <DeleteButton
              name={table.name}
              typed={table.name}
              onDelete={async () => {
                await remove.mutateAsync();
                await navigate({ to: '/tables' });
              }}
            >
              The table and its {plural(table.document_count, 'document')} are deleted for good. To keep them, export them first:{' '}
              <code className="font-mono text-xs">bifrost tables export {table.name} -o {table.name}.ndjson</code>
            </DeleteButton>
          </div>
        </Card>
      )}
    </div>
  );
}
