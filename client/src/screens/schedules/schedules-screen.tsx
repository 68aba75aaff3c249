/** What starts by the clock. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { CalendarClock, Plus } from 'lucide-react';
import { schedulesQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import type { Schedule } from '@/api/types';
import { cronWords } from '@/lib/cron';
import { plural } from '@/lib/format';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { DataTable } from '@/ui/data-table';
import { Page } from '@/ui/page';
import { Empty, Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { NextTime } from './next-time';
import { PauseButton } from './pause-button';
import { ScheduleDialog } from './schedule-dialog';

const route = getRouteApi('/app/schedules');

/** What the URL says for a schedule that is not there yet. */
const NEW = 'new';
/** The times of the last and next run are read again so often, in milliseconds. */
const AGAIN = 30_000;

export function SchedulesScreen() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const schedules = useQuery({ ...schedulesQuery(organization), refetchInterval: AGAIN });
  const add = (
    <Button look="primary" onClick={() => void navigate({ search: (old) => ({ ...old, edit: NEW }) })}>
      <Plus aria-hidden />
      New schedule
    </Button>
  );
  const edited = schedules.data?.find(({ id }) => id === search.edit);
  const close = () => void navigate({ search: (old) => ({ ...old, edit: undefined, workflow: undefined }), resetScroll: false });
  return (
    <Page
      title="Schedules"
      about="They start workflows by the clock, as the workflow itself: with no rights of a person. Or they emit a topic."
      actions={add}
    >
      <Card padded={false}>
        <Show query={schedules}>
          {(all) =>
            all.length === 0 ? (
              <Empty
                icon={CalendarClock}
                title="Nothing starts by the clock yet"
                action={
                  <Button look="primary" onClick={() => void navigate({ search: (old) => ({ ...old, edit: NEW }) })}>
                    Choose a workflow and a time
                  </Button>
                }
              >
                Make a schedule here, or in code:{' '}
                <code className="font-mono text-xs">@workflow(schedule="0 9 * * *", timezone="Europe/Berlin")</code>
              </Empty>
            ) : (
              <DataTable
                label="Schedules"
                rows={all}
                columns={columns}
                id={(schedule) => schedule.id}
                sort={search.sort}
                onSort={(sort) => void navigate({ search: (old) => ({ ...old, sort }), replace: true, resetScroll: false })}
                marked={(schedule) => schedule.id === search.edit}
              />
            )
          }
        </Show>
      </Card>
      {search.edit !== undefined && schedules.data !== undefined && (search.edit === NEW || edited !== undefined) && (
        <ScheduleDialog
          key={search.edit}
          schedule={edited}
          workflow={search.workflow}
          onClose={close}
        />
      )}
    </Page>
  );
}

/** What it starts, or emits. */
const aim = ({ topic, workflow_name }: Schedule): string => (topic == null ? (workflow_name ?? '') : `Emits ${topic}`);

const columns: ColumnDef<Schedule>[] = [
  {
    accessorKey: 'name',
    header: 'Name',
    cell: ({ row: { original } }) => (
      <>
        <Link
          from="/schedules"
          to="."
          resetScroll={false}
          search={(old) => ({ ...old, edit: original.id })}
          className="font-medium break-words after:absolute after:inset-0 hover:text-accent-text"
        >
          {original.name}
        </Link>
        {original.name !== aim(original) && <span className="block text-xs text-muted">{aim(original)}</span>}
      </>
    ),
  },
  {
    accessorKey: 'cron_expression',
    header: 'When',
    cell: ({ row: { original } }) => (
      <>
        {cronWords(original.cron_expression) ?? original.cron_expression}
        <span className="block text-xs text-muted">
          <code className="font-mono">{original.cron_expression}</code> · {original.timezone}
        </span>
      </>
    ),
  },
  {
    id: 'next',
    accessorFn: (schedule) => schedule.next_run_at ?? '',
    header: 'Next',
    cell: ({ row: { original } }) => <NextTime schedule={original} />,
  },
  {
    id: 'last',
    accessorFn: (schedule) => schedule.last_run_at ?? '',
    header: 'Last',
    cell: ({ row: { original } }) => <Last schedule={original} />,
    meta: { wide: true },
  },
  {
    accessorKey: 'source',
    header: 'From',
    cell: ({ row: { original } }) => <Badge>{original.source === 'decorator' ? 'Code' : 'Here'}</Badge>,
    meta: { wide: true },
  },
  {
    id: 'pause',
    header: '',
    enableSorting: false,
    cell: ({ row: { original } }) => (
      <div className="text-right">
        <PauseButton schedule={original} small />
      </div>
    ),
  },
];

/** Why a time made nothing. */
const SKIPPED: Record<string, string> = {
  overlap: 'the run before had not ended',
  queue_full: 'too many of its runs wait for each other',
  missed: 'nothing could be started then',
  workflow_removed: 'the workflow is no longer in the workspace',
  workflow_inactive: 'the workflow is switched off',
  topic_missing: 'there is no such topic, or it is switched off',
  too_large: 'the topic does not take that much data',
  organization_inactive: 'the organization is suspended',
};

function Last({ schedule }: { schedule: Schedule }) {
  return (
    <span className="text-muted">
      {schedule.last_run_at == null ? (
        'never'
      ) : schedule.last_execution_id == null ? (
        <Ago at={schedule.last_run_at} />
      ) : (
        <Link
          to="/runs/$id"
          params={{ id: schedule.last_execution_id }}
          className="relative z-10 text-accent-text hover:underline"
        >
          <Ago at={schedule.last_run_at} />
        </Link>
      )}
      {schedule.skipped > 0 && (
        <span className="block text-xs text-warn">
          {plural(schedule.skipped, 'time')} left out
          {schedule.last_skip_reason != null && `: ${SKIPPED[schedule.last_skip_reason] ?? schedule.last_skip_reason}`}
        </span>
      )}
    </span>
  );
}
