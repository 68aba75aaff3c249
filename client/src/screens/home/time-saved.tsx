/** The time that workflows have saved: this month, the months before, and which workflows. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { timeSavedQuery, type TimeSaved as Saved } from '@/api/notifications';
import { useOrganization } from '@/api/session';
import { count, plural } from '@/lib/format';
import { useNow } from '@/lib/hooks';
import { Card } from '@/ui/card';
import { Tip } from '@/ui/tip';
import { lastMonths, longMonth, minutes, shortMonth } from './months';

/** Months that are shown. */
const MONTHS = 6;
/** Workflows that are named. */
const NAMED = 5;
/** The time is looked at anew so often, in milliseconds. */
const HOUR = 3_600_000;

export function TimeSaved() {
  const organization = useOrganization();
  const months = lastMonths(useNow(HOUR), MONTHS);
  const [from, to] = [months[0] ?? '', months.at(-1) ?? ''];
  const saved = useQuery(timeSavedQuery(organization, from, to, 'workflow'));
  // Whoever counts nothing needs no empty box.
  if (saved.data === undefined || saved.data.entries.length === 0) return null;
  return (
    <Card title="Time saved">
      <div className="grid gap-6 md:grid-cols-[11rem_minmax(0,1fr)_minmax(0,1fr)]">
        <Present saved={saved.data} month={to} />
        <Months saved={saved.data} months={months} />
        <Workflows saved={saved.data} month={to} />
      </div>
    </Card>
  );
}

const sum = (entries: Saved['entries'], of: 'minutes' | 'runs' | 'value'): number =>
  entries.reduce((all, entry) => all + entry[of], 0);

function Present({ saved, month }: { saved: Saved; month: string }) {
  const entries = saved.entries.filter((entry) => entry.month === month);
  const value = sum(entries, 'value');
  return (
    <dl className="flex gap-x-8 gap-y-4 max-md:flex-wrap md:grid md:content-start">
      <div>
        <dt className="text-xs text-muted">This month</dt>
        <dd className="text-xl font-semibold tracking-tight tabular-nums">{minutes(sum(entries, 'minutes'))}</dd>
      </div>
      {value > 0 && (
        <div>
          <dt className="text-xs text-muted">Value</dt>
          <dd className="text-xl font-semibold tracking-tight tabular-nums">{count(Math.round(value))}</dd>
        </div>
      )}
    </dl>
  );
}

function Months({ saved, months }: { saved: Saved; months: string[] }) {
  const bars = months.map((month) => {
    const entries = saved.entries.filter((entry) => entry.month === month);
    return { month, minutes: sum(entries, 'minutes'), runs: sum(entries, 'runs') };
  });
  const most = Math.max(1, ...bars.map((bar) => bar.minutes));
  return (
    <figure aria-label="Time saved by month" className="grid gap-2">
      <ol className="flex h-24 items-end gap-2">
        {bars.map((bar) => {
          const told = `${longMonth(bar.month)}: ${minutes(bar.minutes)} by ${plural(bar.runs, 'run')}`;
          return (
            <li key={bar.month} className="flex h-full min-w-0 flex-1 items-end">
              <Tip text={told}>
                <Link
                  to="/runs"
                  search={spanOf(bar.month)}
                  aria-label={told}
                  className="flex h-full w-full flex-col justify-end rounded-sm hover:bg-hover"
                >
                  {bar.minutes > 0 && (
                    <span
                      className="block min-h-0.5 w-full rounded-[1px] bg-good"
                      style={{ height: `${(bar.minutes / most) * 100}%` }}
                    />
                  )}
                  <span className="h-px w-full bg-line" />
                </Link>
              </Tip>
            </li>
          );
        })}
      </ol>
      <div aria-hidden className="flex gap-2 text-center text-2xs text-faint">
        {months.map((month) => (
          <span key={month} className="min-w-0 flex-1">
            {shortMonth(month)}
          </span>
        ))}
      </div>
    </figure>
  );
}

/** The runs of a month. */
function spanOf(month: string): { from: string; to: string } {
  const from = new Date(`${month}-01T00:00:00Z`);
  const to = new Date(Date.UTC(from.getUTCFullYear(), from.getUTCMonth() + 1, 1));
  return { from: from.toISOString(), to: to.toISOString() };
}

function Workflows({ saved, month }: { saved: Saved; month: string }) {
  const named = saved.entries.filter((entry) => entry.month === month && entry.minutes > 0).slice(0, NAMED);
  if (named.length === 0) return <p className="text-ui text-muted">Nothing yet this month.</p>;
  return (
    <ul aria-label="Workflows that saved most this month" className="divide-y text-ui">
      {named.map((entry) => (
        <li key={entry.workflow_id} className="flex items-center gap-3 py-1.5">
          <Link
            to="/workflows/$id"
            params={{ id: entry.workflow_id ?? '' }}
            search={{}}
            className="min-w-0 truncate font-medium hover:text-accent-text"
          >
            {entry.workflow_name}
          </Link>
          <span className="ml-auto whitespace-nowrap text-muted tabular-nums">{minutes(entry.minutes)}</span>
        </li>
      ))}
    </ul>
  );
}
