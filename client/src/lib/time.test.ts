import { describe, expect, it } from 'vitest';
import { count, decimal } from './format';
import { ago, timeOfDay } from './time';

const NOW = new Date('2027-01-15T12:00:00Z');
const SECONDS = { second: 1, minute: 60, hour: 3_600, day: 86_400 } as const;

describe('times and numbers are written as the browser writes them', () => {
  const relative = new Intl.RelativeTimeFormat('en-GB', { numeric: 'auto', style: 'short' });

  it.each([
    ['second', [-59, -5, 5, 59]],
    ['minute', [-59, -1, 1, 59]],
    ['hour', [-23, -1, 1, 23]],
    ['day', [-29, -2, -1, 1, 2, 29]],
  ] as const)('%ss', (unit, values) => {
    for (const value of values) {
      const time = new Date(NOW.getTime() + value * SECONDS[unit] * 1_000);
      expect(ago(time, NOW)).toBe(relative.format(value, unit));
    }
  });

  it('times of day', () => {
    const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', fractionalSecondDigits: 3 });
    for (const at of ['2027-01-15T00:00:00.000', '2027-01-15T09:08:07.006', '2027-01-15T23:59:59.999']) {
      expect(timeOfDay(new Date(at))).toBe(clock.format(new Date(at)));
    }
  });

  it('numbers', () => {
    const whole = new Intl.NumberFormat('en');
    for (const value of [0, 7, 0.5, 12.3456, 999, 1_000, 12_345, 999_999, 1_234_567, -1_000]) expect(count(value)).toBe(whole.format(value));
  });

  it('numbers with decimals', () => {
    const six = new Intl.NumberFormat('en', { maximumFractionDigits: 6 });
    for (const value of [0, -0.5, 0.1 + 0.2, 1_234.5, 1_234_567.891_234_9, 1e-9, 2 ** 53, 12, -1_234.25]) expect(decimal(value)).toBe(six.format(value));
  });

  it('what is near or far away has words of its own', () => {
    expect(ago(new Date(NOW.getTime() - 2_000), NOW)).toBe('just now');
    expect(ago(new Date(NOW.getTime() + 2_000), NOW)).toBe('in a moment');
    expect(ago(new Date('2026-11-03T12:00:00Z'), NOW)).toBe('3 Nov 2026');
  });
});
