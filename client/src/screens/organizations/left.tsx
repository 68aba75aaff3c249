/** Organizations that were removed: their exports and proofs stay. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { api, call } from '@/api/client';
import type { OffboardingSummary } from '@/api/types';
import { bytes } from '@/lib/format';
import { Card } from '@/ui/card';
import { DataTable } from '@/ui/data-table';
import { Ago } from '@/ui/time';

export function Left() {
  const offboardings = useQuery({
    queryKey: ['offboardings'],
    queryFn: ({ signal }) => call(api.GET('/api/offboardings', { signal })),
    // While one goes on, its organization is in the list of those that are there.
    select: (answer) => answer.offboardings.filter((one) => one.state === 'done'),
  });
  if (offboardings.data === undefined || offboardings.data.length === 0) return null;
  return (
    <Card title="Removed organizations" padded={false}>
      <DataTable label="Removed organizations" rows={offboardings.data} columns={columns} id={(one) => one.organization_id} />
    </Card>
  );
}

const columns: ColumnDef<OffboardingSummary>[] = [
  {
    id: 'name',
    header: 'Name',
    cell: ({ row: { original } }) => (
      <Link
        to="/organizations/$id"
        params={{ id: original.organization_id }}
        className="font-medium break-words after:absolute after:inset-0 hover:text-accent-text"
      >
        {original.name}
      </Link>
    ),
  },
  { id: 'export', header: 'Export', cell: ({ row: { original } }) => (original.has_export ? bytes(original.export_bytes) : 'Export deleted') },
  {
    id: 'since',
    header: 'Removed',
    cell: ({ row: { original } }) => <Ago at={original.finished_at ?? original.requested_at} className="relative z-10 whitespace-nowrap text-muted" />,
    meta: { wide: true },
  },
];
