/** When, by whom, how long, and how much of its limits. */
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useMay, useOrganizations } from '@/api/session';
import type { Execution, Workflow } from '@/api/types';
import { bytes, ordinal } from '@/lib/format';
import { duration } from '@/lib/time';
import { isOver } from '@/ui/status';
import { Ago, Elapsed } from '@/ui/time';

/** Fuel is about nanoseconds of one core. */
const FUEL_PER_MS = 1_000_000;

export function Summary({ run, workflow }: { run: Execution; workflow: Workflow | undefined }) {
  const { all } = useOrganizations();
  const limits = all.find(({ id }) => id === run.organization_id)?.limits;
  const seconds = workflow?.defaults.timeout_seconds;
  const wall = typeof seconds === 'number' ? seconds * 1_000 : limits?.wall_ms;
  return (
    <section
      aria-label="Summary"
      className="grid grid-cols-2 gap-px overflow-hidden rounded-lg border bg-line shadow-card sm:grid-cols-3 xl:grid-cols-6"
    >
      <Cell name={begun(run).name}>{begun(run).value}</Cell>
      <Cell name="Took" limit={wall === undefined ? undefined : { used: run.duration_ms, of: wall, text: duration(wall) }}>
        <Took run={run} />
      </Cell>
      <Cell
        name="Computed"
        limit={
          limits?.fuel === undefined
            ? undefined
            : { used: run.fuel_used, of: limits.fuel, text: duration(limits.fuel / FUEL_PER_MS) }
        }
      >
        {run.fuel_used == null ? '–' : duration(run.fuel_used / FUEL_PER_MS)}
      </Cell>
      <Cell
        name="Memory"
        limit={
          limits?.memory_bytes === undefined
            ? undefined
            : { used: run.memory_peak_bytes, of: limits.memory_bytes, text: bytes(limits.memory_bytes) }
        }
      >
        {run.memory_peak_bytes == null ? '–' : bytes(run.memory_peak_bytes)}
      </Cell>
      <Cell name="By">
        <span title={run.executed_by_email}>{run.executed_by_name || run.executed_by_email}</span>
        <Parents run={run} />
      </Cell>
      <Cell name="Attempts">
        <span className="tabular-nums">{run.attempt}</span>
        {run.attempt > 1 && <small className="block text-xs text-muted">A worker was lost on the way.</small>}
      </Cell>
    </section>
  );
}

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

function Parents({ run }: { run: Execution }) {
  const may = useMay();
  return (
    <>
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
    </>
  );
}

interface Limit {
  used: number | null | undefined;
  of: number;
  text: string;
}

/** From this share on a bar warns. */
const NEAR = 0.8;

function Cell({ name, limit, children }: { name: string; limit?: Limit | undefined; children: ReactNode }) {
  return (
    <dl className="min-w-0 bg-surface px-4 py-3">
      <dt className="text-xs text-muted">{name}</dt>
      <dd className="mt-0.5 min-w-0 font-medium break-words tabular-nums">{children}</dd>
      {limit !== undefined && limit.used != null && (
        <dd className="mt-1.5 flex items-center gap-2 text-2xs text-faint">
          <Bar share={limit.used / limit.of} />
          <span className="whitespace-nowrap">of {limit.text}</span>
        </dd>
      )}
    </dl>
  );
}

const Bar = ({ share }: { share: number }) => (
  <svg aria-hidden viewBox="0 0 100 4" preserveAspectRatio="none" className="h-1 w-full min-w-4 overflow-hidden rounded-full bg-hover">
    <rect
      width={Math.max(1, Math.min(1, share) * 100)}
      height="4"
      className={share >= NEAR ? 'fill-warn' : 'fill-accent-text'}
    />
  </svg>
);
