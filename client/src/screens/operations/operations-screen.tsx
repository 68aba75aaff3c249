/** Whether the platform is healthy, its workers, its queue, and what the queue gave up on. */
import { useQuery } from '@tanstack/react-query';
import { CircleCheck, CircleX } from 'lucide-react';
import { api, call } from '@/api/client';
import { count, plural } from '@/lib/format';
import { samples, total, type Sample } from '@/lib/metrics';
import { Badge } from '@/ui/badge';
import { Card } from '@/ui/card';
import { Fact, Facts, Page } from '@/ui/page';
import { Show, Skeleton } from '@/ui/states';
import { AGAIN } from './again';
import { DeadLetters } from './dead-letters';
import { Queue } from './queue';
import { Workers } from './workers';

export function OperationsScreen() {
  return (
    <Page title="Operations" about="Workers and queue right now. For history, scrape /metrics.">
      <div className="grid gap-5 lg:grid-cols-2">
        <Health />
        <Numbers />
      </div>
      <Workers />
      <Queue />
      <DeadLetters />
    </Page>
  );
}

function Health() {
  const version = useQuery({ queryKey: ['version'], queryFn: ({ signal }) => call(api.GET('/api/version', { signal })) });
  const ready = useQuery({
    queryKey: ['ready'],
    queryFn: async ({ signal }) => {
      const { response, data } = await api.GET('/health/ready', { signal });
      return { ok: response.ok, without: data?.degraded ?? [] };
    },
    refetchInterval: AGAIN,
  });
  return (
    <Card
      title="Health"
      actions={
        ready.data !== undefined && (
          <Badge tone={ready.data.ok ? 'good' : 'bad'}>
            {ready.data.ok ? <CircleCheck aria-hidden /> : <CircleX aria-hidden />}
            {ready.data.ok ? 'Ready' : 'Not ready'}
          </Badge>
        )
      }
    >
      <Show query={version} skeleton={<Skeleton className="h-12" />}>
        {(data) => (
          <Facts>
            <Fact name="Version">{data.version}</Fact>
            <Fact name="Readiness">{ready.data === undefined ? '–' : readiness(ready.data)}</Fact>
          </Facts>
        )}
      </Show>
    </Card>
  );
}

function readiness({ ok, without }: { ok: boolean; without: string[] }): string {
  if (!ok) return 'The database does not respond.';
  if (without.length > 0) return `Running without: ${without.join(', ')}.`;
  return 'Database, queue, object storage and message bus respond.';
}

/** What is shown of the metrics, in words. */
const SHOWN: { name: string; metric: string; labels?: Record<string, string> }[] = [
  { name: 'Sandbox processes', metric: 'bifrost_sandbox_processes' },
  { name: 'Sandbox restarts', metric: 'bifrost_sandbox_restarts_total' },
  { name: 'Runs accepted', metric: 'bifrost_executions_accepted_total' },
  { name: 'Repeated attempts', metric: 'bifrost_attempts_repeated_total' },
  { name: 'Outbound requests', metric: 'bifrost_outbound_requests_total' },
  { name: 'Log lines', metric: 'bifrost_log_lines_total' },
  { name: 'Database connections in use', metric: 'bifrost_database_connections', labels: { state: 'used' } },
];

function Numbers() {
  const metrics = useQuery({
    queryKey: ['metrics'],
    queryFn: async ({ signal }) => samples(await call(api.GET('/metrics', { parseAs: 'text', signal })) as string),
    refetchInterval: AGAIN,
  });
  return (
    <Card title="This process">
      <Show query={metrics} skeleton={<Skeleton className="h-40" />}>
        {(all) => (
          <Facts>
            <Wait all={all} />
            {SHOWN.map(({ name, metric, labels }) => {
              const value = total(all, metric, labels);
              return value === undefined ? null : (
                <Fact key={metric} name={name}>
                  {count(value)}
                </Fact>
              );
            })}
          </Facts>
        )}
      </Show>
    </Card>
  );
}

/** How long runs waited that a worker of this process took; nothing where it has none. */
function Wait({ all }: { all: Sample[] }) {
  const sum = total(all, 'bifrost_queue_wait_seconds_sum');
  const number = total(all, 'bifrost_queue_wait_seconds_count');
  if (sum === undefined || number === undefined || number === 0) return null;
  return (
    <Fact name="Wait in queue">
      {((sum / number) * 1_000).toFixed(1)} ms on average over {plural(number, 'run')}
    </Fact>
  );
}
