/** The HTTP calls of a run: where to, with what end, and when. */
import { useQuery } from '@tanstack/react-query';
import { Globe } from 'lucide-react';
import { useMemo } from 'react';
import { api, call } from '@/api/client';
import { useOrganization } from '@/api/session';
import type { AttemptCalls, Execution, HttpCall, HttpOutcome } from '@/api/types';
import { placeOf, spanOf, type Span } from '@/lib/calls';
import { bytes, plural } from '@/lib/format';
import { duration, timeOfDay, whole } from '@/lib/time';
import { Badge, type Tone } from '@/ui/badge';
import { Card } from '@/ui/card';
import { Empty, Show } from '@/ui/states';
import { isOver } from '@/ui/status';

const WORDS: Record<Exclude<HttpOutcome, 'answered'>, string> = {
  denied: 'Forbidden by the policy',
  limit: 'Limit reached',
  dns: 'Name not found',
  connection: 'No connection',
  timeout: 'No answer in time',
  tls: 'TLS failed',
  protocol: 'Not HTTP',
  abandoned: 'Given up',
};

export function CallsPanel({ run }: { run: Execution }) {
  const organization = useOrganization();
  const over = isOver(run.status);
  const calls = useQuery({
    queryKey: ['calls', organization, run.execution_id, run.attempt, over],
    queryFn: ({ signal }) =>
      call(api.GET('/api/executions/{id}/calls', { params: { path: { id: run.execution_id } }, signal })),
  });
  return (
    <Show query={calls}>
      {({ attempts }) => (
        <div className="grid gap-4">
          {attempts.map((attempt) => (
            <Attempt key={attempt.attempt} attempt={attempt} named={run.attempt > 1} />
          ))}
          {(attempts.length === 0 || !over) && (
            <Card>
              {over ? (
                <Empty icon={Globe} title="It made no HTTP calls" />
              ) : (
                <Empty icon={Globe} title="Those of this attempt can be seen when it has ended" />
              )}
            </Card>
          )}
        </div>
      )}
    </Show>
  );
}

function Attempt({ attempt: { attempt, calls, left_out }, named }: { attempt: AttemptCalls; named: boolean }) {
  const span = useMemo(() => spanOf(calls), [calls]);
  return (
    <Card padded={false} title={named ? `Attempt ${attempt}` : plural(calls.length + left_out, 'HTTP call')}>
      <div className="relative max-h-[70vh] overflow-auto" tabIndex={0} role="region" aria-label={`HTTP calls of attempt ${attempt}`}>
        <table className="w-full text-ui">
          <caption className="sr-only">HTTP calls of attempt {attempt}</caption>
          <thead>
            <tr className="border-b text-left text-xs text-muted [&>th]:h-9 [&>th]:px-3 [&>th]:font-medium [&>th]:whitespace-nowrap">
              <th scope="col">Started</th>
              <th scope="col">Call</th>
              <th scope="col">Answer</th>
              <th scope="col" className="text-right">Took</th>
              <th scope="col" className="w-1/4 max-md:hidden">When</th>
              <th scope="col" className="text-right max-md:hidden">Sent</th>
              <th scope="col" className="text-right max-md:hidden">Received</th>
            </tr>
          </thead>
          <tbody className="divide-y">
            {calls.map((one, index) => (
              <Row key={index} call={one} span={span} />
            ))}
          </tbody>
        </table>
      </div>
      {left_out > 0 && <p className="border-t px-4 py-2 text-xs text-muted">Not kept: {plural(left_out, 'later call')}.</p>}
    </Card>
  );
}

function Row({ call: one, span }: { call: HttpCall; span: Span }) {
  const started = new Date(one.started_at);
  const { x, width } = placeOf(one, span);
  return (
    <tr className="hover:bg-hover/60 [&>td]:h-9 [&>td]:px-3 [&>td]:tabular-nums">
      <td className="whitespace-nowrap text-muted">
        <time dateTime={one.started_at} title={whole(started)}>
          {timeOfDay(started)}
        </time>
      </td>
      <td className="break-all">
        <code className="font-mono text-xs">
          {one.method} {one.host}
        </code>
      </td>
      <td>
        <Answer call={one} />
      </td>
      <td className="text-right whitespace-nowrap">{one.duration_ms == null ? '–' : duration(one.duration_ms)}</td>
      <td className="max-md:hidden">
        <svg aria-hidden viewBox="0 0 100 4" preserveAspectRatio="none" className="h-1.5 w-full rounded-full bg-hover">
          <rect x={x} width={Math.max(0.5, width)} height="4" className={one.outcome === 'answered' ? 'fill-accent-text' : 'fill-bad'} />
        </svg>
      </td>
      <td className="text-right whitespace-nowrap text-muted max-md:hidden">{bytes(one.sent_bytes)}</td>
      <td className="text-right whitespace-nowrap text-muted max-md:hidden">{bytes(one.received_bytes)}</td>
    </tr>
  );
}

function Answer({ call: { outcome, status } }: { call: HttpCall }) {
  if (outcome !== 'answered') return <Badge tone="bad">{WORDS[outcome]}</Badge>;
  return <Badge tone={toneOf(status ?? 0)}>{status}</Badge>;
}

function toneOf(status: number): Tone {
  if (status >= 500) return 'bad';
  return status >= 400 ? 'warn' : 'neutral';
}
