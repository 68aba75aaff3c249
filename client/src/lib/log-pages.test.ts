import { describe, expect, it } from 'vitest';
import type { LogLine } from '@/api/types';
import { PAGE, readPages } from './log-pages';
import { LogStore } from './log-store';

const line = (sequence: number): LogLine => ({
  sequence,
  message: `line ${sequence}`,
  level: 'INFO',
  logger: 'test',
  timestamp: '2026-01-31T12:00:00Z',
});

/** A log that has `grows` more lines each time that it is asked. */
function server(size: number, grows: number, over: boolean) {
  const asked: number[] = [];
  const read = (after: number) => {
    asked.push(after);
    const all = size + grows * (asked.length - 1);
    const logs = Array.from({ length: Math.min(all - after, PAGE) }, (_, index) => line(after + index + 1));
    return Promise.resolve({ logs, next: after + logs.length, complete: over && logs.length < PAGE });
  };
  return { asked, read };
}

describe('a log by pages', () => {
  it('is read to its end, where the run is over', async () => {
    for (const [size, requests] of [[0, 1], [12, 1], [PAGE, 2], [2 * PAGE + 5, 3]] as const) {
      const log = new LogStore();
      const { asked, read } = server(size, 0, true);
      expect(await readPages(log, read)).toBe(true);
      expect([log.size, asked.length]).toEqual([size, requests]);
    }
  });

  it('is left to the live connection while the run writes on', async () => {
    const log = new LogStore();
    const { asked, read } = server(PAGE + 100, 50, false);
    expect(await readPages(log, read)).toBe(false);
    expect(asked).toEqual([0, PAGE]);
    expect(log.last).toBe(PAGE + 150);
  });
});
