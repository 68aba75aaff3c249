/** Runs by hour or day, for the chart. */
import type { ExecutionSummary } from '@/api/types';
import { isOver, wentWrong } from '@/ui/status';

export interface Bucket {
  from: Date;
  to: Date;
  good: number;
  bad: number;
  open: number;
}

/** Times that cut the past into equal pieces, the last of which holds now. */
export function spans(now: Date, hours: number, pieces: number): { from: Date; to: Date }[] {
  const end = new Date(now);
  end.setMinutes(0, 0, 0);
  if (hours % 24 === 0) end.setHours(24);
  else end.setHours(end.getHours() + 1);
  const at = (piece: number): Date => {
    const time = new Date(end);
    if (hours % 24 === 0) time.setDate(time.getDate() - (piece * hours) / 24);
    else time.setHours(time.getHours() - piece * hours);
    return time;
  };
  return Array.from({ length: pieces }, (_, index) => ({ from: at(pieces - index), to: at(pieces - index - 1) }));
}

/** Counts runs in each span by how they ended. */
export function buckets(runs: readonly ExecutionSummary[], cuts: readonly { from: Date; to: Date }[]): Bucket[] {
  const all = cuts.map((cut) => ({ ...cut, good: 0, bad: 0, open: 0 }));
  for (const run of runs) {
    const at = new Date(run.created_at);
    const bucket = all.find(({ from, to }) => at >= from && at < to);
    if (bucket === undefined) continue;
    if (wentWrong(run.status)) bucket.bad += 1;
    else if (isOver(run.status)) bucket.good += 1;
    else bucket.open += 1;
  }
  return all;
}
