/** What an organization uses, beside what it may. */
import { useQuery } from '@tanstack/react-query';
import { api, call } from '@/api/client';
import type { QuotaUsage } from '@/api/types';
import { bytes, count, plural } from '@/lib/format';
import { duration } from '@/lib/time';
import { Card } from '@/ui/card';
import { Fact, Facts } from '@/ui/page';
import { Show, Skeleton } from '@/ui/states';
import { Used } from '@/ui/used';

/** It is asked for again so often, in milliseconds. */
const AGAIN = 10_000;

export function Usage({ organization }: { organization: string }) {
  const usage = useQuery({
    queryKey: ['usage', organization],
    queryFn: ({ signal }) => call(api.GET('/api/organizations/{id}/usage', { params: { path: { id: organization } }, signal })),
    refetchInterval: AGAIN,
  });
  return (
    <Card title="Usage">
      <Show query={usage} skeleton={<Skeleton className="h-40" />}>
        {(data) => (
          <Facts>
            <Fact name="Running now">
              <Used usage={data.running} />
            </Fact>
            <Fact name="This month">
              {plural(data.runs, 'run')}, {duration(data.computing_ms)} of CPU time
            </Fact>
            <Fact name="Requests this minute">
              <Counted usage={data.egress.requests_this_minute} say={count} />
            </Fact>
            <Fact name="Sent and received today">
              <Counted usage={data.egress.bytes_today} say={bytes} />
            </Fact>
            <Fact name="Files">
              <Used usage={data.files} />; <Used usage={data.file_bytes} say={bytes} />
            </Fact>
            <Fact name="Tables">
              <Used usage={data.tables} />; <Used usage={data.table_bytes} say={bytes} />
            </Fact>
          </Facts>
        )}
      </Show>
    </Card>
  );
}

/** Requests are counted where the network's policy has a quota. */
function Counted({ usage, say }: { usage: QuotaUsage | null | undefined; say: (value: number) => string }) {
  return usage == null ? <span className="text-muted">Not counted without a quota</span> : <Used usage={usage} say={say} />;
}
