/** Runs in rows. */
import { Link } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import type { ReactNode } from 'react';
import type { ExecutionSummary } from '@/api/types';
import type { RunsSearch } from '@/routes/search';
import { cn } from '@/lib/cn';
import { failureWords } from '@/lib/failures';
import { duration } from '@/lib/time';
import { DataTable } from '@/ui/data-table';
import { StatusBadge } from '@/ui/status';
import { Ago, Elapsed } from '@/ui/time';

/** Leads to the runs that are the same in this, beside the filters there are. */
const Only = ({ search, className, ...props }: { search: Partial<RunsSearch>; className: string; title?: string; children: ReactNode }) => (
  <Link
    {...props}
    from="/runs"
    to="."
    search={(old) => ({ ...old, cursor: undefined, ...search })}
    className={cn('relative z-10 hover:underline', className)}
  />
);

const COLUMNS: ColumnDef<ExecutionSummary>[] = [
  {
    accessorKey: 'status',
    header: 'Status',
    cell: ({ row: { original } }) => <StatusBadge status={original.status} />,
    meta: { className: 'w-36 max-md:first:basis-auto' },
  },
  {
    accessorKey: 'workflow_name',
    header: 'Workflow',
    cell: ({ row: { original } }) => (
      <>
        <Link
          to="/runs/$id"
          params={{ id: original.execution_id }}
          className="inline-block leading-6 font-medium break-words after:absolute after:inset-0 hover:text-accent-text"
        >
          {original.workflow_name}
        </Link>
        {original.error_type != null && original.status !== 'Cancelled' && (
          <Only
            search={{ error: original.error_type }}
            title={original.error_type}
            className="block w-fit max-w-full truncate text-xs leading-6 text-bad"
          >
            {failureWords(original.error_type)}
          </Only>
        )}
      </>
    ),
    meta: { className: 'max-md:flex-1 max-md:basis-0', bare: true },
  },
  {
    accessorKey: 'executed_by_name',
    header: 'By',
    cell: ({ row: { original } }) => (
      <Only search={{ person: original.executed_by }} className="inline-block leading-6 text-muted" title={original.executed_by_email}>
        {original.executed_by_name || original.executed_by_email}
      </Only>
    ),
    meta: { wide: true },
  },
  {
    accessorKey: 'created_at',
    header: 'Asked for',
    cell: ({ row: { original } }) => <Ago at={original.created_at} className="relative z-10 whitespace-nowrap text-muted" />,
    meta: { bare: true },
  },
  {
    id: 'took',
    accessorFn: (run) => run.duration_ms ?? -1,
    header: 'Took',
    cell: ({ row: { original } }) => (
      <span className="whitespace-nowrap text-muted tabular-nums">
        {original.duration_ms != null ? (
          duration(original.duration_ms)
        ) : original.status === 'Running' && original.started_at != null ? (
          <Elapsed since={original.started_at} />
        ) : (
          '–'
        )}
      </span>
    ),
    meta: { wide: true },
  },
];

/** In the order of the server: the newest first. */
export const RunsTable = ({ runs }: { runs: ExecutionSummary[] }) => (
  <DataTable label="Runs" rows={runs} columns={COLUMNS} id={(run) => run.execution_id} sorted />
);
