/** From the URL of the list to the question to the server, and to words. */
import type { RunFilters } from '@/api/queries';
import type { Status } from '@/api/types';
import type { Origin, RunsSearch } from '@/routes/search';
import { whole } from '@/lib/time';
import { statusWord } from '@/ui/status';

const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** What asked for runs, in words. */
export const ORIGIN_WORDS: Record<Origin, string> = {
  person: 'By a person or a key',
  schedule: 'By a schedule',
  webhook: 'By a webhook',
  form: 'By a form',
  endpoint: 'By an endpoint',
  workflow: 'By another run',
};

/** True for a time that is no whole day. */
export const isInstant = (text: string | undefined): text is string => text !== undefined && !DATE.test(text);

/** A day of the reader's own calendar as an instant; times stay as they are. */
function instant(text: string, days: number): string {
  if (!DATE.test(text)) return text;
  const time = new Date(`${text}T00:00:00`);
  time.setDate(time.getDate() + days);
  return time.toISOString();
}

/** The filters that the server knows; `to` includes its whole day. */
export function toQuery({ status, workflow, person, origin, error, schedule, from, to, cursor }: RunsSearch): RunFilters {
  return {
    ...(status === undefined ? {} : { status }),
    ...(workflow === undefined ? {} : { workflow_id: workflow }),
    ...(person === undefined ? {} : { executed_by: person }),
    ...(origin === undefined ? {} : { origin }),
    ...(error === undefined ? {} : { error_type: error }),
    ...(schedule === undefined ? {} : { schedule_id: schedule }),
    ...(from === undefined ? {} : { start_date: instant(from, 0) }),
    ...(to === undefined ? {} : { end_date: instant(to, 1) }),
    ...(cursor === undefined ? {} : { cursor }),
  };
}

/** A list with commas and one more in it. */
export const among = (list: string | undefined, one: string): string => [...new Set([...split(list), one])].join(',');

/** The same without one; nothing where none is left. */
export const taken = (list: string | undefined, one: string): string | undefined =>
  split(list).filter((other) => other !== one).join(',') || undefined;

export const split = (list = ''): string[] => list.split(',').filter(Boolean);

/** A filter in words, and the change that takes it out. */
interface Chip {
  label: string;
  without: Partial<RunsSearch>;
}

interface Names {
  workflow: (id: string) => string;
  person: (id: string) => string;
}

/** All that is filtered by, but for what has a field that shows it. */
export function chips({ status, workflow, person, origin, schedule, from, to }: RunsSearch, names: Names): Chip[] {
  const all: Chip[] = split(status).map((one) => ({
    label: statusWord(one as Status),
    without: { status: taken(status, one) },
  }));
  if (workflow !== undefined) all.push({ label: names.workflow(workflow), without: { workflow: undefined } });
  if (person !== undefined) all.push({ label: `By ${names.person(person)}`, without: { person: undefined } });
  if (origin !== undefined) all.push({ label: ORIGIN_WORDS[origin], without: { origin: undefined } });
  if (schedule !== undefined) all.push({ label: 'Of one schedule', without: { schedule: undefined } });
  if (isInstant(from)) {
    const until = to === undefined ? 'now' : whole(new Date(instant(to, 1)));
    all.push({ label: `${whole(new Date(from))} – ${until}`, without: { from: undefined, to: undefined } });
  }
  return all;
}
