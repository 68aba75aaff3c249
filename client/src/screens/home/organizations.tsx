/** For the provider: the runs of every organization, and the time that they have saved. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { useState } from 'react';
import { timeSavedQuery } from '@/api/notifications';
import { useMay, useMe, useOrganization } from '@/api/session';
import type { RunsSearch } from '@/routes/search';
import { count } from '@/lib/format';
import { useNow } from '@/lib/hooks';
import { Card } from '@/ui/card';
import { DataTable } from '@/ui/data-table';
import { UNDER_WAY, WENT_WRONG } from '@/ui/status';
import { merged, type Row } from './merged';
import { minutes, monthOf } from './months';
import { runCountsQuery, type Span } from './queries';

/** The time is looked at anew so often, in milliseconds. */
const HOUR = 3_600_000;
/** Runs are counted anew so often, in milliseconds. */
const AGAIN = 60_000;

/** Nothing for who does not see all organizations, and while one of them is looked at. */
export function Organizations({ span }: { span: Span }) {
  const may = useMay();
  const organization = useOrganization();
  const seesAll = (['executions.read', 'platform.organizations', 'platform.enter'] as const).every(may);
  return organization === undefined && seesAll ? <All span={span} /> : null;
}

function All({ span }: { span: Span }) {
  const month = monthOf(useNow(HOUR));
  const [sort, setSort] = useState<string>();
  const me = useMe();
  const counts = useQuery({ ...runCountsQuery(undefined, { ...span, by: 'organization' }), refetchInterval: AGAIN });
  const saved = useQuery(timeSavedQuery(undefined, month, month, 'organization'));
  const rows = merged(counts.data?.entries ?? [], saved.data?.entries ?? []);
  // With the provider's own runs alone, the chart says it all.
  if (rows.every(({ id }) => id === me.organization_id)) return null;
  return (
    <Card title="By organization" padded={false}>
      <div className="[&_th:not(:first-child)]:text-right">
        <DataTable label="Runs by organization" rows={rows} columns={columns(span)} id={({ id }) => id} sort={sort} onSort={setSort} />
      </div>
    </Card>
  );
}

const columns = (span: Span): ColumnDef<Row>[] => [
  {
    accessorKey: 'name',
    header: 'Organization',
    cell: ({ row: { original } }) => (
      <Link to="/" search={{ org: original.id }} className="font-medium break-words hover:text-accent-text hover:underline">
        {original.name}
      </Link>
    ),
  },
  {
    accessorKey: 'runs',
    header: 'Runs',
    cell: ({ row: { original } }) => <Runs row={original} value={original.runs} name="runs" search={span} />,
    meta: { className: 'text-right' },
  },
  {
    accessorKey: 'failed',
    header: 'Failed',
    cell: ({ row: { original } }) => (
      <Runs
        row={original}
        value={original.failed}
        name="failed"
        search={{ ...span, status: WENT_WRONG }}
        className={original.failed > 0 ? 'font-medium text-bad' : 'text-muted'}
      />
    ),
    meta: { className: 'text-right' },
  },
  {
    accessorKey: 'open',
    header: 'Under way',
    cell: ({ row: { original } }) => (
      <Runs row={original} value={original.open} name="under way" search={{ ...span, status: UNDER_WAY }} className="text-muted" />
    ),
    meta: { wide: true, className: 'text-right' },
  },
  {
    accessorKey: 'saved',
    header: 'Time saved this month',
    cell: ({ row: { original } }) => (
      <span className="whitespace-nowrap text-muted tabular-nums">{original.saved > 0 ? minutes(original.saved) : '–'}</span>
    ),
    meta: { wide: true, className: 'text-right' },
  },
];

interface RunsProps {
  row: Row;
  value: number;
  name: string;
  search: RunsSearch;
  className?: string;
}

const Runs = ({ row, value, name, search, className }: RunsProps) => (
  <Link
    to="/runs"
    search={{ org: row.id, ...search }}
    aria-label={`${row.name}: ${count(value)} ${name}`}
    className={`rounded tabular-nums hover:underline ${className ?? ''}`}
  >
    {count(value)}
  </Link>
);
