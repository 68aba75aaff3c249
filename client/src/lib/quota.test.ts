import { expect, test } from 'vitest';
import { bytes } from './format';
import { isNear, usedWords } from './quota';

test('what is used stands beside what may be', () => {
  expect(usedWords({ used: 3, quota: 2_000 })).toBe('3 of 2,000');
  expect(usedWords({ used: 1_536, quota: 10_737_418_240 }, bytes)).toBe('1.5 KiB of 10 GiB');
  expect(usedWords({ used: 1_500, quota: null })).toBe('1,500');
});

test('little room is left from nine tenths on', () => {
  const near = (used: number, quota: number | null) => isNear({ used, quota });
  expect([near(89, 100), near(90, 100), near(200, 100), near(0, 0), near(1_000_000, null)]).toEqual([false, true, true, true, false]);
});
