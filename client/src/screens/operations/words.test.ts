import { expect, test } from 'vitest';
import type { Worker } from '@/api/types';
import { lineWords, workerState } from './words';

const now = new Date('2026-01-31T12:00:00Z');
const at = (seconds: number) => new Date(now.getTime() - seconds * 1_000).toISOString();

const worker = (change: Partial<Worker>): Worker => ({
  id: 'w',
  host: 'h',
  version: '1',
  slots: 4,
  running: 1,
  free: 3,
  is_draining: false,
  is_silent: false,
  started_at: at(3_600),
  seen_at: at(1),
  ...change,
});

test('a worker that is silent is nothing else', () => {
  const words = (change: Partial<Worker>) => workerState(worker(change), now).text;
  expect(words({})).toBe('Takes runs');
  expect(words({ running: 4, free: 0 })).toBe('Full');
  expect(words({ is_draining: true, free: 0 })).toBe('Draining: takes no more runs');
  expect(words({ is_silent: true, is_draining: true, free: 0, seen_at: at(42) })).toBe('Not heard from for 42 s');
  // The server's clock is ahead.
  expect(words({ is_silent: true, seen_at: at(-5) })).toBe('Not heard from for 0 ms');
});

test('a line tells what waits, and what only rests', () => {
  const words = (waiting: number, resting: number, seconds?: number) =>
    lineWords({ waiting, resting, waiting_since: seconds === undefined ? null : at(seconds) }, now);
  expect(words(0, 0)).toBe('none');
  expect(words(1, 0, 12)).toBe('1 waiting for 12 s');
  expect(words(1_200, 0, 125)).toBe('1,200 waiting, the oldest for 2 min 5 s');
  expect(words(0, 2)).toBe('2 between attempts');
  expect(words(3, 2, 20)).toBe('3 waiting, the oldest for 20 s; 2 between attempts');
});
