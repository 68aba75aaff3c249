/** A sign that a row opens something, for whoever has no pointer to hover with. */
import type { ColumnDef } from '@tanstack/react-table';
import { ChevronRight } from 'lucide-react';

export const Opens = () => <ChevronRight className="ml-auto size-4 shrink-0 text-faint" aria-hidden />;

/** The last column of a table whose rows open something. */
export const opensColumn = <T,>(): ColumnDef<T> => ({
  id: 'opens',
  header: '',
  enableSorting: false,
  cell: Opens,
  meta: { className: 'w-8' },
});
