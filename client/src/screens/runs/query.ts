/** From the URL of the list to the question to the server. */
import type { RunFilters } from '@/api/queries';
import type { RunsSearch } from '@/routes/search';

const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** A day of the reader's own calendar as an instant; times stay as they are. */
function instant(text: string, days: number): string {
  if (!DATE.test(text)) return text;
  const time = new Date(`${text}T00:00:00`);
  time.setDate(time.getDate() + days);
  return time.toISOString();
}

/** The filters that the server knows; `to` includes its whole day. */
export function toQuery({ status, workflow, schedule, from, to, cursor }: RunsSearch): RunFilters {
  return {
    ...(status === undefined ? {} : { status }),
    ...(workflow === undefined ? {} : { workflow_id: workflow }),
    ...(schedule === undefined ? {} : { schedule_id: schedule }),
    ...(from === undefined ? {} : { start_date: instant(from, 0) }),
    ...(to === undefined ? {} : { end_date: instant(to, 1) }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}
