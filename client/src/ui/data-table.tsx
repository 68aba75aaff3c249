/** A table that can be sorted; on a phone its less important columns are left out. */
import {
  flexRender,
  getCoreRowModel,
  getSortedRowModel,
  useReactTable,
  type ColumnDef,
  type RowData,
  type SortingState,
} from '@tanstack/react-table';
import { ArrowDown, ArrowUp, ChevronsUpDown } from 'lucide-react';
import { useMemo } from 'react';
import { cn } from '@/lib/cn';

declare module '@tanstack/react-table' {
  interface ColumnMeta<TData extends RowData, TValue> {
    /** Of the cell. */
    className?: string;
    /** Left out on narrow screens. */
    wide?: boolean;
  }
}

interface Props<T> {
  label: string;
  rows: T[];
  columns: ColumnDef<T>[];
  id: (row: T) => string;
  /** `name` or `-name`, as the URL has it. */
  sort?: string | undefined;
  onSort?: (sort: string | undefined) => void;
  /** The rows come in their order already; without it, they are sorted here. */
  sorted?: boolean;
  /** Marks a row, for instance the one in the URL. */
  marked?: (row: T) => boolean;
}

function sorting(sort: string | undefined): SortingState {
  if (sort === undefined) return [];
  return [{ id: sort.replace(/^-/, ''), desc: sort.startsWith('-') }];
}

export function DataTable<T>({ label, rows, columns, id, sort, onSort, sorted = false, marked }: Props<T>) {
  // A new list with each rendering would be a new order with each, and so render again without end.
  const state = useMemo(() => sorting(sort), [sort]);
  const table = useReactTable({
    data: rows,
    columns,
    state: { sorting: state },
    enableSorting: onSort !== undefined,
    manualSorting: sorted,
    getRowId: id,
    getCoreRowModel: getCoreRowModel(),
    getSortedRowModel: getSortedRowModel(),
    onSortingChange: (change) => {
      const [now] = typeof change === 'function' ? change(state) : change;
      onSort?.(now === undefined ? undefined : `${now.desc ? '-' : ''}${now.id}`);
    },
  });
  return (
    <div className="relative overflow-x-auto">
      <table className="w-full text-ui">
        <caption className="sr-only">{label}</caption>
        <thead>
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id} className="border-b">
              {group.headers.map((header) => (
                <th
                  key={header.id}
                  scope="col"
                  aria-sort={order(header.column.getIsSorted())}
                  className={cn(
                    'h-9 px-3 text-left text-xs font-medium whitespace-nowrap text-muted first:pl-4 last:pr-4',
                    header.column.columnDef.meta?.wide === true && 'max-md:hidden',
                  )}
                >
                  {header.column.getCanSort() ? (
                    <button
                      type="button"
                      onClick={header.column.getToggleSortingHandler()}
                      className="-mx-1 inline-flex items-center gap-1 rounded px-1 py-0.5 hover:text-ink"
                    >
                      {flexRender(header.column.columnDef.header, header.getContext())}
                      <SortIcon sorted={header.column.getIsSorted()} />
                    </button>
                  ) : (
                    flexRender(header.column.columnDef.header, header.getContext())
                  )}
                </th>
              ))}
            </tr>
          ))}
        </thead>
        <tbody data-rows className="divide-y">
          {table.getRowModel().rows.map((row) => (
            <tr
              key={row.id}
              className={cn('relative focus-within:bg-hover/60 hover:bg-hover/60', marked?.(row.original) === true && 'bg-accent-soft/60')}
            >
              {row.getVisibleCells().map((cell) => (
                <td
                  key={cell.id}
                  className={cn(
                    'h-11 px-3 py-1.5 first:pl-4 last:pr-4',
                    cell.column.columnDef.meta?.className,
                    cell.column.columnDef.meta?.wide === true && 'max-md:hidden',
                  )}
                >
                  {flexRender(cell.column.columnDef.cell, cell.getContext())}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function order(sorted: false | 'asc' | 'desc'): 'ascending' | 'descending' | undefined {
  if (sorted === false) return undefined;
  return sorted === 'asc' ? 'ascending' : 'descending';
}

function SortIcon({ sorted }: { sorted: false | 'asc' | 'desc' }) {
  const Icon = sorted === false ? ChevronsUpDown : sorted === 'asc' ? ArrowUp : ArrowDown;
  return <Icon className={cn('size-3.5', sorted === false && 'opacity-50')} aria-hidden />;
}
