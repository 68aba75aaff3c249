/** A table that can be sorted. On a phone a row has its first cell above the others, and no less important columns. */
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
    /** Needs no name of its column on a phone, where no header stands above it. */
    bare?: boolean;
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
      <table role="table" className="w-full text-ui max-md:block">
        <caption className="sr-only">{label}</caption>
        <thead role="rowgroup" className="max-md:sr-only">
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id} role="row" className="border-b">
              {group.headers.map((header) => (
                <th
                  key={header.id}
                  role="columnheader"
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
        <tbody role="rowgroup" data-rows className="divide-y max-md:block">
          {table.getRowModel().rows.map((row) => (
            <tr
              key={row.id}
              role="row"
              className={cn('relative max-md:flex max-md:flex-wrap max-md:items-center max-md:gap-x-3 max-md:gap-y-1 max-md:px-4 max-md:py-2 focus-within:bg-hover/60 hover:bg-hover/60', marked?.(row.original) === true && 'bg-accent-soft/60')}
            >
              {row.getVisibleCells().map((cell) => (
                <td
                  key={cell.id}
                  role="cell"
                  data-label={labelOf(cell.column.columnDef)}
                  className={cn(
                    'min-w-0 max-md:min-h-6 max-md:w-auto max-md:min-w-6 base:max-md:first:basis-full md:h-11 md:px-3 md:py-1.5 md:first:pl-4 md:last:pr-4',
                    'max-md:not-first:data-label:before:mr-1.5 max-md:not-first:data-label:before:text-xs max-md:not-first:data-label:before:text-faint max-md:not-first:data-label:before:content-[attr(data-label)]',
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

/** What stands before a cell on a phone. */
const labelOf = <T,>({ header, meta }: ColumnDef<T>): string | undefined =>
  meta?.bare === true || typeof header !== 'string' || header === '' ? undefined : header;

function order(sorted: false | 'asc' | 'desc'): 'ascending' | 'descending' | undefined {
  if (sorted === false) return undefined;
  return sorted === 'asc' ? 'ascending' : 'descending';
}

function SortIcon({ sorted }: { sorted: false | 'asc' | 'desc' }) {
  const Icon = sorted === false ? ChevronsUpDown : sorted === 'asc' ? ArrowUp : ArrowDown;
  return <Icon className={cn('size-3.5', sorted === false && 'opacity-50')} aria-hidden />;
}
