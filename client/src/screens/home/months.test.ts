import { expect, test } from 'vitest';
import { lastMonths, longMonth, minutes, monthOf, shortMonth } from './months';

test('months are those of UTC, over the end of a year', () => {
  expect(monthOf(new Date('2026-01-31T23:59:59Z'))).toBe('2026-01');
  expect(lastMonths(new Date('2026-03-31T12:00:00Z'), 5)).toEqual(['2025-11', '2025-12', '2026-01', '2026-02', '2026-03']);
  expect(lastMonths(new Date('2024-02-29T00:00:00Z'), 2)).toEqual(['2024-01', '2024-02']);
  expect([shortMonth('2026-01'), longMonth('2026-12')]).toEqual(['Jan', 'December 2026']);
});

test('minutes become hours where there are many', () => {
  expect([0, 45.4, 60, 90, 215, 72_000].map(minutes)).toEqual(['0 min', '45 min', '1 h', '1.5 h', '3.6 h', '1,200 h']);
});
