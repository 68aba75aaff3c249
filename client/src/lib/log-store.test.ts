import { describe, expect, it, vi } from 'vitest';
import type { LogLevel, LogLine } from '@/api/types';
import { LogStore } from './log-store';

const line = (sequence: number, message = `line ${sequence}`, level: LogLevel = 'INFO'): LogLine => ({
  sequence,
  message,
  level,
  logger: 'test',
  timestamp: '2026-01-31T12:00:00Z',
});

const ALL = { level: undefined, search: undefined };
const messages = (log: LogStore, filter: Parameters<LogStore['rows']>[0] = ALL) => log.rows(filter).map(({ text }) => text);

describe('a log', () => {
  it('has each line once and in order, whatever comes twice or late', () => {
    const log = new LogStore();
    log.add([line(1), line(2), line(5)]);
    log.add([line(2), line(4), line(5), line(6)]);
    log.add([line(3)]);
    expect(messages(log)).toEqual([1, 2, 3, 4, 5, 6].map((n) => `line ${n}`));
    expect(log.last).toBe(6);
  });

  it('finds its place for every line of a long log that comes again', () => {
    const log = new LogStore();
    const even = Array.from({ length: 20_000 }, (_, index) => line(2 * (index + 1)));
    log.add(even);
    log.add(even);
    expect(log.size).toBe(20_000);
    log.add([line(1), line(20_001), line(39_999)]);
    const sequences = log.rows(ALL).map((row) => row.line.sequence);
    expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
    expect(log.size).toBe(20_003);
  });

  it('leaves what a filter says', () => {
    const log = new LogStore();
    log.add([line(1, 'Reading', 'DEBUG'), line(2, 'Read'), line(3, 'No licence', 'WARNING'), line(4, 'Trace', 'TRACEBACK')]);
    expect(messages(log, { level: 'WARNING', search: undefined })).toEqual(['No licence', 'Trace']);
    expect(messages(log, { level: undefined, search: 'READ' })).toEqual(['Reading', 'Read']);
  });

  it('has a row for each line of a message', () => {
    const log = new LogStore();
    log.add([line(1, 'a\nb')]);
    expect(log.rows(ALL).map(({ text, first }) => [text, first])).toEqual([
      ['a', true],
      ['b', false],
    ]);
  });

  it('tells of many changes at once', async () => {
    vi.useFakeTimers();
    const log = new LogStore();
    const heard = vi.fn();
    const before = log.snapshot();
    log.subscribe(heard);
    for (let sequence = 1; sequence <= 1_000; sequence += 1) log.add([line(sequence)]);
    await vi.runAllTimersAsync();
    vi.useRealTimers();
    expect(heard).toHaveBeenCalledTimes(1);
    expect(log.snapshot()).not.toBe(before);
  });

  it('tells ten times a second while lines come without a pause', async () => {
    vi.useFakeTimers();
    const log = new LogStore();
    const heard = vi.fn();
    log.subscribe(heard);
    for (let sequence = 1; sequence <= 100; sequence += 1) {
      log.add([line(sequence)]);
      await vi.advanceTimersByTimeAsync(10);
    }
    expect(heard.mock.calls.length).toBeGreaterThan(8);
    expect(heard.mock.calls.length).toBeLessThan(13);
    await vi.runAllTimersAsync();
    const all = heard.mock.calls.length;
    log.finish();
    await vi.runAllTimersAsync();
    vi.useRealTimers();
    expect(heard).toHaveBeenCalledTimes(all + 1);
  });

  it('looks through no long log for lines that come again', () => {
    const log = new LogStore();
    const lines = Array.from({ length: 100_000 }, (_, index) => line(index + 1));
    log.add(lines);
    const begin = performance.now();
    log.add(lines);
    expect(performance.now() - begin).toBeLessThan(1_000);
    expect(log.size).toBe(100_000);
  });
});
