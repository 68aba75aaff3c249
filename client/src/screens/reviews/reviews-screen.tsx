/** Versions that wait for a review: of the chosen organization, or of all that the caller may enter. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { CircleCheck } from 'lucide-react';
import { reviewsQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import type { PendingReview } from '@/api/types';
import { WorkflowCount } from '@/screens/code/versions';
import { Badge } from '@/ui/badge';
import { LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { DataTable } from '@/ui/data-table';
import { Page } from '@/ui/page';
import { Empty, Show } from '@/ui/states';
import { Ago } from '@/ui/time';

export function ReviewsScreen() {
  const organization = useOrganization();
  const reviews = useQuery(reviewsQuery(organization));
  return (
    <Page title="Reviews" about="Versions that go live once somebody other than their author approves them, oldest first.">
      <Card padded={false}>
        <Show query={reviews}>
          {(all) =>
            all.length === 0 ? (
              <Empty icon={CircleCheck} title="Nothing to review">
                Versions deployed in an organization whose deploys need a review are listed here.
              </Empty>
            ) : (
              <DataTable label="Reviews" rows={all} columns={columns} id={({ version }) => version} />
            )
          }
        </Show>
      </Card>
    </Page>
  );
}

const columns: ColumnDef<PendingReview>[] = [
  { id: 'organization', header: 'Organization', cell: ({ row: { original } }) => <span className="break-words">{original.organization_name}</span> },
  {
    id: 'version',
    header: 'Version',
    cell: ({ row: { original } }) => (
      <Link
        to="/code/versions/$number"
        params={{ number: String(original.number) }}
        search={{ org: original.organization_id ?? undefined }}
        className="font-medium tabular-nums after:absolute after:inset-0 hover:text-accent-text"
      >
        {original.number}
      </Link>
    ),
  },
  {
    id: 'message',
    header: 'Message',
    cell: ({ row: { original } }) => <span className="line-clamp-2 max-w-96 break-words">{original.message ?? '–'}</span>,
  },
  {
    id: 'by',
    header: 'By',
    cell: ({ row: { original } }) =>
      original.is_own ? <Badge>You, so somebody else reviews it</Badge> : <span className="text-muted">{original.author ?? '–'}</span>,
    meta: { wide: true },
  },
  {
    id: 'workflows',
    header: 'Workflows',
    cell: ({ row: { original } }) => <WorkflowCount of={original} />,
    meta: { wide: true },
  },
  {
    id: 'since',
    header: 'Waiting since',
    cell: ({ row: { original } }) => <Ago at={original.created_at} className="relative z-10 whitespace-nowrap text-muted" />,
    meta: { wide: true },
  },
  {
    id: 'review',
    header: '',
    cell: ({ row: { original } }) => {
      const action = original.is_own ? 'Open' : 'Review';
      return (
        <div className="text-right">
          <LinkButton
            to="/code/versions/$number"
            params={{ number: String(original.number) }}
            search={{ org: original.organization_id ?? undefined }}
            size="small"
            look={original.is_own ? 'plain' : 'primary'}
            aria-label={`${action} version ${original.number} of ${original.organization_name}`}
            className="relative z-10"
          >
            {action}
          </LinkButton>
        </div>
      );
    },
  },
];
