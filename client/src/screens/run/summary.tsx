/** When, by whom, how long, and how much of its limits. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useMay } from '@/api/session';
import type { Execution } from '@/api/types';
import { bytes, count, ordinal } from '@/lib/format';
import { duration } from '@/lib/time';
import { worth } from '@/lib/worth';
import { Folded } from '@/ui/folded';
import { isOver } from '@/ui/status';
import { Ago, Elapsed } from '@/ui/time';

/** Fuel is about nanoseconds of one core. */
const FUEL_PER_MS = 1_000_000;

export function Summary({ run }: { run: Execution }) {
  const limits = run.metering?.limits;
  return (
    <section aria-label="Summary" className="grid gap-2 sm:gap-px sm:overflow-hidden sm:rounded-lg sm:border sm:bg-line sm:shadow-card">
      <Cells>
        <Cell name={begun(run).name}>{begun(run).value}</Cell>
        <Cell name="By">
          <span title={run.executed_by_email}>{run.executed_by_name || run.executed_by_email}</span>
          <Origin run={run} />
        </Cell>
        <Cell name="Attempts">
          <span className="tabular-nums">{run.attempt}</span>
        </Cell>
        <Cell name="Took" used={run.duration_ms} limit={limits?.wall_ms} text={duration}>
          <Took run={run} />
          <Worth run={run} />
        </Cell>
      </Cells>
      <Folded label="What it used">
        <Cells>
          <Cell name="Computed" used={run.fuel_used} limit={limits?.fuel} text={computed} />
          <Cell name="Memory" used={run.memory_peak_bytes} limit={limits?.memory_bytes} text={bytes} />
          <Cell name="HTTP calls" used={run.metering?.http_calls} limit={limits?.http_calls} text={count} />
          <Cell name="Log" used={run.metering?.log_bytes} limit={limits?.log_bytes} text={bytes} />
        </Cells>
      </Folded>
    </section>
  );
}

const Cells = ({ children }: { children: ReactNode }) => (
  <div className="grid grid-cols-2 gap-px overflow-hidden bg-line max-sm:rounded-lg max-sm:border max-sm:shadow-card sm:grid-cols-4">
    {children}
  </div>
);

const computed = (fuel: number): string => duration(fuel / FUEL_PER_MS);

function begun(run: Execution): { name: string; value: ReactNode } {
  if (run.status === 'Scheduled' && run.scheduled_at != null) return { name: 'Starts', value: <Ago at={run.scheduled_at} /> };
  if (run.started_at != null) return { name: 'Started', value: <Ago at={run.started_at} /> };
  return { name: 'Asked for', value: <Ago at={run.created_at} /> };
}

function Took({ run }: { run: Execution }) {
  if (run.duration_ms != null) return duration(run.duration_ms);
  if (isOver(run.status)) return '–';
  if (run.started_at != null) return <Elapsed since={run.started_at} />;
  if (run.status === 'Scheduled') return '–';
  return (
    <>
      <Elapsed since={run.created_at} />
      <small className="block text-xs text-muted">{inLine(run.queue_position)}</small>
    </>
  );
}

/** The API counts no further. */
const MAX_POSITION = 1_000;

function inLine(position: number | null | undefined): string {
  if (position == null) return 'in line for a worker';
  return position < MAX_POSITION ? `${ordinal(position)} in the queue` : 'far back in the queue';
}

function Worth({ run }: { run: Execution }) {
  const told = worth(run.roi);
  if (told === undefined || (run.status !== 'Success' && run.status !== 'CompletedWithErrors')) return null;
  return <small className="block text-xs text-muted">{told}</small>;
}

/** What asked for it. */
function Origin({ run }: { run: Execution }) {
  const may = useMay();
  return (
    <>
      {run.parent_id != null && (
        <small className="block text-xs">
          <Link to="/runs/$id" params={{ id: run.parent_id }} className="text-accent-text hover:underline">
            Started by another run
          </Link>
        </small>
      )}
      {run.rerun_of != null && (
        <small className="block text-xs">
          <Link to="/runs/$id" params={{ id: run.rerun_of }} className="text-accent-text hover:underline">
            Repeats another run
          </Link>
        </small>
      )}
      {run.form_id != null && (
        <small className="block text-xs">
          <Link to="/forms/$id" params={{ id: run.form_id }} search={{}} className="text-accent-text hover:underline">
            Through a form
          </Link>
        </small>
      )}
      {run.schedule_id != null && (
        <small className="block text-xs">
          {may('schedules.manage') ? (
            <Link to="/schedules" search={{ edit: run.schedule_id }} className="text-accent-text hover:underline">
              By a schedule
            </Link>
          ) : (
            'By a schedule'
          )}
        </small>
      )}
      {run.delivery_id != null && (
        <small className="block text-xs">
          {run.webhook_id != null && may('webhooks.manage') ? (
            <Link
              to="/webhooks/$id"
              params={{ id: run.webhook_id }}
              search={{ delivery: run.delivery_id }}
              className="text-accent-text hover:underline"
            >
              By a delivery
            </Link>
          ) : (
            'By a delivery'
          )}
        </small>
      )}
    </>
  );
}

/** From this share on a bar warns. */
const NEAR = 0.8;

interface CellProps {
  name: string;
  /** How much was used, of how much, and how both are written. */
  used?: number | null | undefined;
  limit?: number | undefined;
  text?: (value: number) => string;
  /** In place of what was used. */
  children?: ReactNode;
}

function Cell({ name, used, limit, text = String, children }: CellProps) {
  return (
    <dl className="min-w-0 bg-surface px-4 py-2 sm:py-3">
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="mt-0.5 min-w-0 font-medium break-words tabular-nums">{children ?? (used == null ? '–' : text(used))}</dd>
      {used != null && limit !== undefined && limit > 0 && (
        <dd className="mt-1.5 flex items-center gap-2 text-2xs text-faint">
          <Bar share={used / limit} />
          <span className="whitespace-nowrap">of {text(limit)}</span>
        </dd>
      )}
    </dl>
  );
}

const Bar = ({ share }: { share: number }) => (
  <svg aria-hidden viewBox="0 0 100 4" preserveAspectRatio="none" className="h-1 w-full min-w-4 overflow-hidden rounded-full bg-hover">
    <rect
      width={share === 0 ? 0 : Math.max(1, Math.min(1, share) * 100)}
      height="4"
      className={share >= NEAR ? 'fill-warn' : 'fill-accent-text'}
    />
  </svg>
);
