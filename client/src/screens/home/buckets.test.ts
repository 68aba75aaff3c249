import { expect, test } from 'vitest';
import { buckets, spans } from './buckets';

const counted = (from: Date, one: object) => ({ from: from.toISOString(), succeeded: 0, failed: 0, cancelled: 0, open: 0, ...one });

test('hours end with the one that holds now', () => {
  const now = new Date('2026-03-05T12:34:56Z');
  const cuts = spans(now, 1, 24);
  expect(cuts).toHaveLength(24);
  expect(cuts.at(-1)?.from.getTime()).toBeLessThanOrEqual(now.getTime());
  expect(cuts.at(-1)?.to.getTime()).toBeGreaterThan(now.getTime());
  const all = buckets(
    cuts.slice(0, 2).map(({ from }, index) => counted(from, index === 0 ? { succeeded: 3, failed: 1 } : { cancelled: 2, open: 4 })),
    cuts,
    1,
  );
  expect(all[0]).toMatchObject({ good: 3, bad: 1, cancelled: 0, open: 0 });
  expect(all[1]).toMatchObject({ good: 0, bad: 0, cancelled: 2, open: 4 });
});

test('a day that is an hour longer or shorter keeps its runs', () => {
  const cuts = spans(new Date('2026-03-05T12:00:00Z'), 24, 7);
  for (const shift of [-3_600_000, 0, 3_600_000]) {
    const counts = cuts.map(({ from }, index) => counted(new Date(from.getTime() + shift), { succeeded: index }));
    expect(buckets(counts, cuts, 24).map(({ good }) => good)).toEqual([0, 1, 2, 3, 4, 5, 6]);
  }
});
