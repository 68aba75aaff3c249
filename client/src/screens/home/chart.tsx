/** Runs over time. Each column leads to its runs. */
import { Link } from '@tanstack/react-router';
import { plural } from '@/lib/format';
import { Tip } from '@/ui/tip';
import type { Bucket } from './buckets';

const hour = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });

interface Props {
  buckets: Bucket[];
  /** True for columns that are days. */
  days: boolean;
}

function told(bucket: Bucket, days: boolean): string {
  const time = days ? day.format(bucket.from) : `${hour.format(bucket.from)} to ${hour.format(bucket.to)}`;
  const all = bucket.good + bucket.bad + bucket.open;
  const wrong = bucket.bad > 0 ? `, ${bucket.bad} went wrong` : '';
  const open = bucket.open > 0 ? `, ${bucket.open} under way` : '';
  return `${time}: ${plural(all, 'run')}${wrong}${open}`;
}

export function Chart({ buckets, days }: Props) {
  const most = Math.max(1, ...buckets.map(({ good, bad, open }) => good + bad + open));
  const every = days ? 1 : 4;
  return (
    <figure aria-label="Runs over time" className="grid gap-2">
      <ol className="flex h-36 items-end gap-1">
        {buckets.map((bucket) => (
          <li key={bucket.from.getTime()} className="flex h-full min-w-0 flex-1 items-end">
            <Tip text={told(bucket, days)}>
              <Link
                to="/runs"
                search={{ from: bucket.from.toISOString(), to: bucket.to.toISOString() }}
                aria-label={told(bucket, days)}
                className="flex h-full w-full flex-col justify-end gap-px rounded-sm hover:bg-hover"
              >
                <Part size={bucket.open / most} className="bg-info" />
                <Part size={bucket.bad / most} className="bg-bad" />
                <Part size={bucket.good / most} className="bg-accent-text/75" />
                <span className="h-px w-full bg-line" />
              </Link>
            </Tip>
          </li>
        ))}
      </ol>
      <div aria-hidden className="flex gap-1 text-2xs text-faint tabular-nums">
        {buckets.map((bucket, index) => (
          <span key={bucket.from.getTime()} className="min-w-0 flex-1 whitespace-nowrap">
            {index % every === 0 ? (days ? day.format(bucket.from).slice(0, 6) : hour.format(bucket.from)) : ''}
          </span>
        ))}
      </div>
      <figcaption className="flex flex-wrap gap-x-4 gap-y-1 text-xs text-muted">
        <Key className="bg-accent-text/75" name="Ended well" />
        <Key className="bg-bad" name="Went wrong" />
        <Key className="bg-info" name="Under way" />
      </figcaption>
    </figure>
  );
}

const Part = ({ size, className }: { size: number; className: string }) =>
  size === 0 ? null : (
    <span className={`block w-full min-h-0.5 rounded-[1px] ${className}`} style={{ height: `${size * 100}%` }} />
  );

const Key = ({ className, name }: { className: string; name: string }) => (
  <span className="flex items-center gap-1.5">
    <span className={`size-2 rounded-[2px] ${className}`} />
    {name}
  </span>
);
