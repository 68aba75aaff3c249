/** Runs by hour or day, for the chart. */
import type { Schemas } from '@/api/types';

type Counted = Pick<Schemas['RunCountEntry'], 'from' | 'succeeded' | 'failed' | 'cancelled' | 'open'>;

export interface Span {
  from: Date;
  to: Date;
}

export interface Bucket extends Span {
  good: number;
  bad: number;
  cancelled: number;
  open: number;
}

/** Times that cut the past into equal pieces, the last of which holds now. */
export function spans(now: Date, hours: number, pieces: number): Span[] {
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

/** Puts what the server has counted by hour or day into the spans; a day may be an hour longer or shorter than its count. */
export function buckets(counts: readonly Counted[], cuts: readonly Span[], hours: number): Bucket[] {
  const all = cuts.map((cut) => ({ ...cut, good: 0, bad: 0, cancelled: 0, open: 0 }));
  for (const { from, succeeded, failed, cancelled, open } of counts) {
    const middle = Date.parse(from ?? '') + hours * 1_800_000;
    const bucket = all.find((one) => middle >= one.from.getTime() && middle < one.to.getTime());
    if (bucket === undefined) continue;
    bucket.good += succeeded;
    bucket.bad += failed;
    bucket.cancelled += cancelled;
    bucket.open += open;
  }
  return all;
}
