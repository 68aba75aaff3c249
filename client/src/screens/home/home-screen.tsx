/** What ran, what failed, what waits. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { CircleCheck, GitPullRequestArrow } from 'lucide-react';
import { useMemo } from 'react';
import { reviewsQuery, runsQuery } from '@/api/queries';
import { useMay, useMe, useOrganization, useOrganizations } from '@/api/session';
import type { Me, Schemas } from '@/api/types';
import type { RunsSearch } from '@/routes/search';
import { useLiveRuns } from '@/frame/live';
import { count, plural } from '@/lib/format';
import { useNow } from '@/lib/hooks';
import { Button, LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { Page } from '@/ui/page';
import { Show, Skeleton, SkeletonRows } from '@/ui/states';
import { StatusBadge, UNDER_WAY, WENT_WRONG } from '@/ui/status';
import { Ago } from '@/ui/time';
import { Begin, NoRuns } from './begin';
import { buckets, spans } from './buckets';
import { Chart } from './chart';
import { Organizations } from './organizations';
import { runCountsQuery, type Span } from './queries';
import { TimeSaved } from './time-saved';

const route = getRouteApi('/app/');

/** Rows of each list. */
const SHOWN = 6;
/** The time is looked at anew so often, in milliseconds. */
const MINUTE = 60_000;

export function HomeScreen() {
  useLiveRuns();
  const me = useMe();
  const { days } = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const { chosen } = useOrganizations();
  const now = useNow(MINUTE);
  const week = days === '7';
  const hour = Math.floor(now.getTime() / 3_600_000);
  // Another hour, other spans; within one they stay, and so does the query.
  const cuts = useMemo(() => (week ? spans(now, 24, 7) : spans(now, 1, 24)), [week, hour]);
  const span = { from: cuts[0]?.from.toISOString() ?? '', to: cuts.at(-1)?.to.toISOString() ?? '' };
  const counts = useQuery(runCountsQuery(organization, { ...span, by: week ? 'day' : 'hour' }));
  const title = me.permissions.includes('executions.read') ? `Runs in ${chosen?.name ?? me.organization_name}` : 'Your runs';
  return (
    // The heading stands where it does on screens that say more below it, with the button beside its middle.
    <Page title={greeting(me)} actions={<Begin />} className="sm:[&>header]:-my-0.75 [&>header]:items-center">
      <Reviews />
      <Show query={counts} skeleton={<Skeleton className="h-96 w-full" />}>
        {({ entries, total }) => (
          <>
            <Card
              title={title}
              actions={
                <div role="group" aria-label="Time" className="flex gap-0.5">
                  {([undefined, '7'] as const).map((value) => (
                    <Button
                      key={value ?? '1'}
                      size="small"
                      look={value === days ? 'plain' : 'quiet'}
                      aria-pressed={value === days}
                      onClick={() => void navigate({ search: (old) => ({ ...old, days: value }), replace: true, resetScroll: false })}
                    >
                      {value === '7' ? '7 days' : '24 hours'}
                    </Button>
                  ))}
                </div>
              }
            >
              {total.runs === 0 ? (
                <NoRuns />
              ) : (
                <div className="grid gap-6 md:grid-cols-[11rem_minmax(0,1fr)]">
                  <Numbers total={total} span={span} />
                  <Chart buckets={buckets(entries, cuts, week ? 24 : 1)} days={week} />
                </div>
              )}
            </Card>
            <Organizations span={span} />
            {me.permissions.includes('executions.read') && <TimeSaved />}
            {total.runs > 0 && <Lists span={span} />}
          </>
        )}
      </Show>
    </Page>
  );
}

/** By the first name, where there is one; an address is no name. */
function greeting({ name, email }: Me): string {
  const first = name.split(' ')[0] ?? '';
  return first === '' || name === email ? 'Hello' : `Hello, ${first}`;
}

function Numbers({ total, span }: { total: Schemas['RunCount']; span: Span }) {
  return (
    <dl className="flex gap-x-8 gap-y-4 max-md:flex-wrap md:grid md:content-start">
      <Number name="Runs" value={total.runs} search={span} />
      <Number
        name="Failed"
        value={total.failed}
        search={{ ...span, status: WENT_WRONG }}
        className={total.failed > 0 ? 'text-bad' : undefined}
      />
      <Number name="Under way" value={total.open} search={{ ...span, status: UNDER_WAY }} />
    </dl>
  );
}

interface NumberProps {
  name: string;
  value: number;
  /** The runs that it counts. */
  search: RunsSearch;
  className?: string | undefined;
}

const Number = ({ name, value, search, className }: NumberProps) => (
  <div>
    <dt className="text-xs text-muted">{name}</dt>
    <dd className={`text-xl font-semibold tracking-tight tabular-nums ${className ?? ''}`}>
      <Link to="/runs" search={search} aria-label={`${name}: ${count(value)}`} className="rounded hover:underline">
        {count(value)}
      </Link>
    </dd>
  </div>
);

const Lists = ({ span }: { span: Span }) => (
  <div className="grid items-start gap-5 lg:grid-cols-2 xl:grid-cols-3">
    <List title="Failed" search={{ ...span, status: WENT_WRONG }} empty="Nothing failed." />
    <List title="Under way and waiting" search={{ ...span, status: UNDER_WAY }} empty="Nothing is under way." />
    <List title="Recent successes" search={{ ...span, status: 'Success' }} empty="Nothing has succeeded yet." />
  </div>
);

function List({ title, search, empty }: { title: string; search: Span & { status: string }; empty: string }) {
  const organization = useOrganization();
  const { status, from, to } = search;
  const runs = useQuery(runsQuery(organization, { status, start_date: from, end_date: to, limit: SHOWN }));
  return (
    <Card
      title={title}
      padded={false}
      actions={
        <Link to="/runs" search={search} aria-label={`All: ${title}`} className="rounded text-xs text-accent-text hover:underline">
          All
        </Link>
      }
    >
      <Show query={runs} skeleton={<SkeletonRows rows={3} />}>
        {({ executions }) =>
          executions.length === 0 ? (
            <p className="flex items-center gap-2 px-4 py-5 text-ui text-muted">
              <CircleCheck className="size-4" aria-hidden />
              {empty}
            </p>
          ) : (
            <ul className="grid grid-cols-[auto_minmax(0,1fr)_auto] divide-y">
              {executions.map((run) => (
                <li key={run.execution_id} className="relative col-span-3 grid min-h-11 grid-cols-subgrid items-center gap-3 px-4 py-1.5 text-ui hover:bg-hover/60">
                  <StatusBadge status={run.status} className="justify-self-start" />
                  <Link
                    to="/runs/$id"
                    params={{ id: run.execution_id }}
                    className="min-w-0 truncate font-medium after:absolute after:inset-0"
                  >
                    {run.workflow_name}
                  </Link>
                  <Ago at={run.created_at} className="relative z-10 whitespace-nowrap text-muted" />
                </li>
              ))}
            </ul>
          )
        }
      </Show>
    </Card>
  );
}

/** Versions that wait for somebody's look: here, or in every organization that may be entered. */
function Reviews() {
  const may = useMay();
  const organization = useOrganization();
  const reviews = useQuery({ ...reviewsQuery(organization), enabled: may('workspace.review') });
  const waiting = reviews.data?.filter((review) => !review.is_own) ?? [];
  if (waiting.length === 0) return null;
  const organizations = new Set(waiting.map((review) => review.organization_name)).size;
  return (
    <Card className="border-info/40">
      <div className="flex flex-wrap items-center gap-3">
        <GitPullRequestArrow className="size-4 text-info" aria-hidden />
        <p className="flex-1">
          {plural(waiting.length, 'version waits', 'versions wait')} for a review
          {organizations > 1 && ` in ${plural(organizations, 'organization')}`}.
        </p>
        <LinkButton to="/reviews" size="small">
          Review
        </LinkButton>
      </div>
    </Card>
  );
}
