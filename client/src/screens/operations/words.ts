/** Workers and lines in words. */
import type { QueueWaiting, Worker } from '@/api/types';
import { count } from '@/lib/format';
import { duration } from '@/lib/time';
import type { Tone } from '@/ui/badge';

/** How long ago, in words; clocks that differ make nothing of the future. */
const since = (at: string, now: Date): string => duration(Math.max(0, now.getTime() - new Date(at).getTime()));

/** What is to be expected of a worker. */
export function workerState(worker: Worker, now: Date): { tone: Tone; text: string } {
  if (worker.is_silent) return { tone: 'bad', text: `Not heard from for ${since(worker.seen_at, now)}` };
  if (worker.is_draining) return { tone: 'warn', text: 'Draining: takes no more runs' };
  if (worker.free === 0) return { tone: 'info', text: 'Full' };
  return { tone: 'good', text: 'Takes runs' };
}

/** Nothing is in a line. */
export const isIdle = ({ waiting, resting }: QueueWaiting): boolean => waiting === 0 && resting === 0;

/** What waits in a line. */
export function lineWords({ waiting, resting, waiting_since }: QueueWaiting, now: Date): string {
  const words: string[] = [];
  if (waiting > 0) {
    const age = waiting_since == null ? '' : `${waiting === 1 ? '' : ', the oldest'} for ${since(waiting_since, now)}`;
    words.push(`${count(waiting)} waiting${age}`);
  }
  if (resting > 0) words.push(`${count(resting)} between attempts`);
  return words.length === 0 ? 'none' : words.join('; ');
}
