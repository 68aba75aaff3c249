/** Documents of a table: found by conditions, a page at a time. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { FileJson } from 'lucide-react';
import { useMemo } from 'react';
import { useOrganization } from '@/api/session';
import type { Document, Table } from '@/api/types';
import { count } from '@/lib/format';
import { cell } from '@/lib/table';
import { opensColumn } from '@/ui/opens';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { DataTable } from '@/ui/data-table';
import { Pages } from '@/ui/pages';
import { Empty, Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { DocumentDialog } from './document-dialog';
import { columnsOf } from './documents';
import { whereOf } from './filter';
import { FilterForm } from './filter-form';
import { documentsQuery, PAGE } from './queries';

const route = getRouteApi('/app/tables/$id');

/** Before the id of a document in the URL: any text can be one. */
const OF = 'id:';

export function Documents({ table, writes }: { table: Table; writes: boolean }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const { edit, sort, offset = 0 } = search;
  const where = useMemo(() => whereOf(search.where), [search.where]);
  const documents = useQuery(documentsQuery(organization, table.id, { where, sort, offset }));
  const set = (change: Partial<typeof search>) => void navigate({ search: (old) => ({ ...old, offset: undefined, ...change }), replace: true, resetScroll: false });
  const shown = documents.data?.documents;
  const columns = useMemo(() => columnsFor(shown ?? []), [shown]);
  const page = (to: number) => void navigate({ search: (old) => ({ ...old, offset: to > 0 ? to : undefined }) });
  const open = (now: string | undefined) => void navigate({ search: (old) => ({ ...old, edit: now }), resetScroll: false });
  const total = documents.data?.total ?? 0;
  return (
    <div className="grid gap-3">
      <FilterForm key={search.where ?? ''} where={where} onChange={(now) => set({ where: now === undefined ? undefined : JSON.stringify(now) })} />
      <Card padded={false}>
        <Show query={documents}>
          {({ documents: all }) =>
            all.length === 0 ? (
              <None
                table={table}
                filtered={where !== undefined || offset > 0}
                writes={writes}
                onAll={() => set({ where: undefined })}
                onWrite={() => open('new')}
              />
            ) : (
              <DataTable
                label="Documents"
                rows={all}
                columns={columns}
                id={({ id }) => id}
                sort={sort}
                sorted
                onSort={(now) => set({ sort: now })}
                marked={({ id }) => edit === `${OF}${id}`}
              />
            )
          }
        </Show>
      </Card>
      <Pages
        back={offset > 0 ? () => page(offset - PAGE) : undefined}
        on={offset + PAGE < total ? () => page(offset + PAGE) : undefined}
        backLabel="Previous"
        onLabel="Next"
      >
        {shown !== undefined && shown.length > 0 && `${count(offset + 1)} to ${count(offset + shown.length)} of ${count(total)}`}
      </Pages>
      {edit !== undefined && (edit === 'new' || edit.startsWith(OF)) && (
        <DocumentDialog key={edit} table={table} id={edit === 'new' ? undefined : edit.slice(OF.length)} writes={writes} onClose={() => open(undefined)} />
      )}
    </div>
  );
}

interface NoneProps {
  table: Table;
  filtered: boolean;
  writes: boolean;
  onAll: () => void;
  onWrite: () => void;
}

function None({ table, filtered, writes, onAll, onWrite }: NoneProps) {
  if (filtered) return <Empty icon={FileJson} title="No document fits" action={<Button onClick={onAll}>Show all</Button>} />;
  const action = writes && (
    <Button look="primary" onClick={onWrite}>
      Add the first document
    </Button>
  );
  return (
    <Empty icon={FileJson} title="No documents yet" command={`await tables.insert("${table.name}", {"status": "open"})`} action={action}>
      Workflows insert them{writes && ', and so can you'}.
    </Empty>
  );
}

function columnsFor(documents: Document[]): ColumnDef<Document>[] {
  const fields = columnsOf(documents).map(
    (key, index): ColumnDef<Document> => ({
      id: key,
      accessorFn: ({ data }) => data[key],
      header: key,
      // A dot leads into a field of a field.
      enableSorting: !key.includes('.'),
      cell: ({ row: { original } }) => {
        const text = cell(original.data[key]);
        return (
          <span title={text} className="block max-w-44 truncate">
            {text}
          </span>
        );
      },
      meta: { wide: index > 1 },
    }),
  );
  return [
    {
      id: '.id',
      header: 'ID',
      enableSorting: false,
      cell: ({ row: { original } }) => (
        <Link
          from="/tables/$id"
          to="."
          resetScroll={false}
          search={(old) => ({ ...old, edit: `${OF}${original.id}` })}
          title={original.id}
          className="line-clamp-1 max-w-40 font-mono text-xs break-all after:absolute after:inset-0 hover:text-accent-text"
        >
          {original.id}
        </Link>
      ),
    },
    ...fields,
    {
      id: '.updated',
      header: 'Written',
      enableSorting: false,
      cell: ({ row: { original } }) => <Ago at={original.updated_at} className="relative z-10 whitespace-nowrap text-muted" />,
      meta: { wide: true },
    },
    opensColumn<Document>(),
  ];
}
