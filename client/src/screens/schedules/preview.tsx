/** The next times of an expression, as the server counts them. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, call } from '@/api/client';
import { explain } from '@/api/problem';
import { useCalm } from '@/lib/hooks';
import { inZone } from '@/lib/time';
import { Ago } from '@/ui/time';

/** How many are shown. */
const SHOWN = 5;

/** What is further away has a date and nothing else to say, in milliseconds. */
const NEAR = 30 * 24 * 60 * 60 * 1_000;

export function Preview({ cron, zone }: { cron: string; zone: string }) {
  const calm = useCalm(cron);
  const preview = useQuery({
    queryKey: ['preview', calm, zone],
    queryFn: ({ signal }) =>
      call(
        api.POST('/api/schedules/preview', { body: { cron_expression: calm, timezone: zone, count: SHOWN }, signal }),
      ),
    placeholderData: keepPreviousData,
    retry: false,
    enabled: calm !== '',
  });
  return (
    <section aria-label="Next times" aria-live="polite" className="rounded-md border bg-sunken px-3 py-2 text-ui">
      {preview.error !== null ? (
        <p className="text-bad">{explain(preview.error).title}</p>
      ) : (
        <ol className="grid gap-0.5">
          {preview.data?.next.map(({ at, local }) => (
            <li key={at} className="flex justify-between gap-3 tabular-nums">
              <time dateTime={at} title={local}>
                {inZone(new Date(at), zone)}
              </time>
              {Date.parse(at) - Date.now() < NEAR && <Ago at={at} className="text-muted" />}
            </li>
          ))}
          {preview.data?.next.length === 0 && <li className="text-warn">It never runs.</li>}
        </ol>
      )}
    </section>
  );
}
