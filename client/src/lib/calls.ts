/** HTTP calls of a run on one time axis. */
import type { HttpCall } from '@/api/types';

/** When the first call started, and how long it was from then until the last one ended, in milliseconds. */
export interface Span {
  from: number;
  length: number;
}

const startOf = (call: HttpCall): number => Date.parse(call.started_at);

/** The time that calls took, together. */
export function spanOf(calls: readonly HttpCall[]): Span {
  let from = Infinity;
  let to = -Infinity;
  for (const call of calls) {
    from = Math.min(from, startOf(call));
    to = Math.max(to, startOf(call) + (call.duration_ms ?? 0));
  }
  return calls.length === 0 ? { from: 0, length: 0 } : { from, length: to - from };
}

/** Where a call is within a span, in percent; an abandoned one goes on to the end. */
export function placeOf(call: HttpCall, span: Span): { x: number; width: number } {
  const percent = (time: number) => (span.length === 0 ? 0 : Math.min(100, (time / span.length) * 100));
  const x = percent(startOf(call) - span.from);
  return { x, width: call.duration_ms == null ? 100 - x : percent(call.duration_ms) };
}
