/** From the URL to the question to the server. */
import type { AuditSearch } from '@/routes/search';

/** A day of the reader's calendar as an instant. */
function instant(day: string, later: number): string {
  const time = new Date(`${day}T00:00:00`);
  if (Number.isNaN(time.getTime())) return day;
  time.setDate(time.getDate() + later);
  return time.toISOString();
}

/** The filters that the server knows; `until` includes its whole day. */
export function toQuery({ since, until, ...rest }: AuditSearch): AuditSearch {
  return {
    ...rest,
    ...(since === undefined ? {} : { since: instant(since, 0) }),
    ...(until === undefined ? {} : { until: instant(until, 1) }),
  };
}
