import { expect, it } from 'vitest';
import type { HttpCall } from '@/api/types';
import { placeOf, spanOf } from './calls';

const call = (second: number, duration_ms: number | null): HttpCall => ({
  method: 'GET',
  host: 'example.com',
  started_at: new Date(Date.UTC(2026, 0, 31, 12, 0, second)).toISOString(),
  duration_ms,
  outcome: duration_ms === null ? 'abandoned' : 'answered',
  sent_bytes: 0,
  received_bytes: 0,
});

it('puts calls on one axis', () => {
  const calls = [call(2, 2_000), call(0, 1_000), call(8, 2_000), call(5, null)];
  const span = spanOf(calls);
  expect(span).toEqual({ from: Date.UTC(2026, 0, 31, 12), length: 10_000 });
  expect(calls.map((one) => placeOf(one, span))).toEqual([
    { x: 20, width: 20 },
    { x: 0, width: 10 },
    { x: 80, width: 20 },
    { x: 50, width: 50 },
  ]);
});

it('has a place for what took no time', () => {
  expect(spanOf([])).toEqual({ from: 0, length: 0 });
  const one = call(0, 0);
  expect(placeOf(one, spanOf([one]))).toEqual({ x: 0, width: 0 });
});
