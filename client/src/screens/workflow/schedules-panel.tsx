/** The schedules that run the workflow. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CalendarClock, Plus } from 'lucide-react';
import { schedulesQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import type { Workflow } from '@/api/types';
import { cronWords } from '@/lib/cron';
import { NextTime } from '@/screens/schedules/next-time';
import { PauseButton } from '@/screens/schedules/pause-button';
import { LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { Empty, Show } from '@/ui/states';

export default function SchedulesPanel({ workflow }: { workflow: Workflow }) {
  const organization = useOrganization();
  const schedules = useQuery(schedulesQuery(organization, workflow.id));
  const add = (
    <LinkButton to="/schedules" search={{ edit: 'new', workflow: workflow.id }} size="small">
      <Plus aria-hidden />
      New schedule
    </LinkButton>
  );
  return (
    <Card padded={false} title="Schedules" actions={add}>
      <Show query={schedules}>
        {(all) =>
          all.length === 0 ? (
            <Empty
              icon={CalendarClock}
              title="No schedules yet"
              action={
                <LinkButton to="/schedules" search={{ edit: 'new', workflow: workflow.id }} look="primary">
                  Add a schedule
                </LinkButton>
              }
            >
              A schedule runs this workflow at set times. In code it is{' '}
              <code className="font-mono text-xs whitespace-nowrap">@workflow(schedule="0 9 * * *")</code>.
            </Empty>
          ) : (
            <ul className="divide-y">
              {all.map((schedule) => (
                <li key={schedule.id} className="relative flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-ui hover:bg-hover/60">
                  <Link
                    to="/schedules"
                    search={{ edit: schedule.id }}
                    className="font-medium after:absolute after:inset-0"
                  >
                    {schedule.name}
                  </Link>
                  <span>{cronWords(schedule.cron_expression)}</span>
                  <code className="font-mono text-xs text-muted">{schedule.cron_expression}</code>
                  <span className="text-muted">{schedule.timezone}</span>
                  <span className="ml-auto text-muted">
                    {schedule.enabled && 'Next: '}
                    <NextTime schedule={schedule} />
                  </span>
                  <PauseButton schedule={schedule} small />
                </li>
              ))}
            </ul>
          )
        }
      </Show>
    </Card>
  );
}
