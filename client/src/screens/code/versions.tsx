/** All versions of the workspace, the newest first. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { versionsQuery } from '@/api/queries';
import { useUserName } from '@/api/names';
import { useOrganization } from '@/api/session';
import type { Version } from '@/api/types';
import { plural } from '@/lib/format';
import { Badge, type Tone } from '@/ui/badge';
import { Card } from '@/ui/card';
import { DataTable } from '@/ui/data-table';
import { Show } from '@/ui/states';
import { Ago } from '@/ui/time';

const STATES: Record<string, { word: string; tone: Tone }> = {
  superseded: { word: 'Deployed', tone: 'neutral' },
  proposed: { word: 'Waits for review', tone: 'info' },
  rejected: { word: 'Rejected', tone: 'bad' },
};

export function StateBadge({ version }: { version: Version }) {
  if (version.is_active) return <Badge tone="good">Active</Badge>;
  const { word, tone } = STATES[version.state] ?? { word: version.state, tone: 'neutral' as const };
  return <Badge tone={tone}>{word}</Badge>;
}

function Author({ version }: { version: Version }) {
  return <span className="text-muted">{useUserName()(version.created_by)}</span>;
}

const columns = (changes: boolean): ColumnDef<Version>[] => [
  {
    accessorKey: 'number',
    header: 'Version',
    cell: ({ row: { original } }) => (
      <Link
        to="/code/versions/$number"
        params={{ number: String(original.number) }}
        search={changes && original.number > 1 ? { against: original.number - 1 } : {}}
        className="font-medium tabular-nums after:absolute after:inset-0 hover:text-accent-text"
      >
        {original.number}
      </Link>
    ),
  },
  { id: 'state', header: 'State', cell: ({ row: { original } }) => <StateBadge version={original} /> },
  {
    id: 'message',
    header: 'Message',
    cell: ({ row: { original } }) => <span className="line-clamp-2 max-w-96 break-words">{original.message ?? '–'}</span>,
  },
  { id: 'by', header: 'By', cell: ({ row: { original } }) => <Author version={original} />, meta: { wide: true } },
  {
    id: 'workflows',
    header: 'Workflows',
    cell: ({ row: { original } }) => <WorkflowCount of={original} />,
    meta: { wide: true },
  },
  {
    id: 'created',
    header: 'Deployed',
    cell: ({ row: { original } }) => (
      <Ago at={original.created_at} className="relative z-10 whitespace-nowrap text-muted" />
    ),
    meta: { wide: true },
  },
];

/** How many workflows a version has, and how many of its files do not load. */
export const WorkflowCount = ({ of }: { of: Pick<Version, 'workflow_count' | 'error_count'> }) => (
  <span className="tabular-nums">
    {of.workflow_count}
    {of.error_count > 0 && <span className="text-bad"> · {plural(of.error_count, 'file fails', 'files fail')}</span>}
  </span>
);

interface Props {
  versions: Version[];
  /** Leads to what each has changed, not to how it differs from the active one. */
  changes?: boolean;
}

export const VersionTable = ({ versions, changes = false }: Props) => (
  <DataTable label="Versions" rows={versions} columns={columns(changes)} id={(version) => version.version} />
);

export function Versions() {
  const organization = useOrganization();
  const versions = useQuery(versionsQuery(organization));
  return (
    <Card padded={false}>
      <Show query={versions}>
        {(all) => <VersionTable versions={all} />}
      </Show>
    </Card>
  );
}
