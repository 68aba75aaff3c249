/** Runs over time. Each column leads to its runs, what failed in it to those. */
import { Link } from '@tanstack/react-router';
import { cn } from '@/lib/cn';
import { count, plural } from '@/lib/format';
import { WENT_WRONG } from '@/ui/status';
import { Tip } from '@/ui/tip';
import type { Bucket } from './buckets';

const hour = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });

interface Props {
  buckets: Bucket[];
  /** True for columns that are days. */
  days: boolean;
}

const total = ({ good, bad, cancelled, open }: Bucket): number => good + bad + cancelled + open;

function told(bucket: Bucket, days: boolean): string {
  const time = days ? day.format(bucket.from) : `${hour.format(bucket.from)} to ${hour.format(bucket.to)}`;
  const all = total(bucket);
  const wrong = bucket.bad > 0 ? `, ${bucket.bad} failed` : '';
  const open = bucket.open > 0 ? `, ${bucket.open} under way` : '';
  return `${time}: ${plural(all, 'run')}${wrong}${open}`;
}

export function Chart({ buckets, days }: Props) {
  const most = Math.max(1, ...buckets.map(total));
  const isEven = most % 2 === 0;
  const every = days ? 1 : 4;
  return (
    <figure aria-label="Runs over time" className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-2 gap-y-2">
      {/* Half a line above and below, so that each number stands at its grid line. */}
      <div aria-hidden className="-my-2 flex flex-col justify-between text-right text-2xs text-faint tabular-nums">
        <span>{count(most)}</span>
        {isEven && <span>{count(most / 2)}</span>}
        <span>0</span>
      </div>
      <div className="relative">
        <GridLine className="top-0" />
        {isEven && <GridLine className="top-1/2" />}
        <ol className="flex h-36 items-end gap-1">
          {buckets.map((bucket) => (
            <Column key={bucket.from.getTime()} bucket={bucket} most={most} days={days} />
          ))}
        </ol>
      </div>
      <div aria-hidden className="col-start-2 flex gap-1 text-2xs text-faint tabular-nums">
        {buckets.map((bucket, index) => (
          <span key={bucket.from.getTime()} className={cn('flex min-w-0 flex-1 whitespace-nowrap', days ? 'justify-center' : 'justify-end')}>
            {(buckets.length - 1 - index) % every === 0 ? (days ? day.format(bucket.from).slice(0, 6) : hour.format(bucket.from)) : ''}
          </span>
        ))}
      </div>
      <figcaption className="col-start-2 flex flex-wrap gap-x-3 gap-y-1 text-xs text-muted max-sm:col-span-2 max-sm:col-start-1">
        <Key className="bg-accent-text/75" name="Succeeded" />
        <Key className="bg-bad" name="Failed" />
        <Key className="bg-line-strong" name="Cancelled" />
        <Key className="bg-info" name="Under way" />
      </figcaption>
    </figure>
  );
}

const GridLine = ({ className }: { className: string }) => (
  <span aria-hidden className={cn('pointer-events-none absolute inset-x-0 border-t border-dashed', className)} />
);

function Column({ bucket, most, days }: { bucket: Bucket; most: number; days: boolean }) {
  const span = { from: bucket.from.toISOString(), to: bucket.to.toISOString() };
  return (
    <li className="relative flex h-full min-w-0 flex-1 flex-col justify-end gap-px">
      <Tip text={told(bucket, days)}>
        {/* On a phone a column is too narrow for a finger. */}
        <Link
          to="/runs"
          search={span}
          aria-label={told(bucket, days)}
          className="absolute inset-0 rounded-sm hover:bg-hover max-sm:hidden"
        />
      </Tip>
      <Part size={bucket.open / most} className="bg-info" />
      {bucket.bad > 0 && (
        // For the mouse; by keyboard, the column leads to its runs and the number beside to those that failed.
        <Link
          to="/runs"
          search={{ ...span, status: WENT_WRONG }}
          tabIndex={-1}
          aria-hidden
          className="relative z-10 block min-h-1 w-full rounded-[1px] bg-bad hover:opacity-80"
          style={{ height: `${(bucket.bad / most) * 100}%` }}
        />
      )}
      <Part size={bucket.cancelled / most} className="bg-line-strong" />
      <Part size={bucket.good / most} className="bg-accent-text/75" />
      <span className="h-px w-full bg-line" />
    </li>
  );
}

const Part = ({ size, className }: { size: number; className: string }) =>
  size === 0 ? null : (
    <span className={`pointer-events-none relative block w-full min-h-0.5 rounded-[1px] ${className}`} style={{ height: `${size * 100}%` }} />
  );

const Key = ({ className, name }: { className: string; name: string }) => (
  <span className="flex items-center gap-1.5">
    <span className={`size-2 rounded-[2px] ${className}`} />
    {name}
  </span>
);
