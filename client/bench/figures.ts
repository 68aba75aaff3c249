/** What measurements tell the reporter, and how many samples they take. */
import { test } from '@playwright/test';

/** Types of annotations: keys of the summary's table, and what is noted beside it. */
export const FIGURE = 'figure';
export const DETAIL = 'detail';

export interface Told {
  key: string;
  value: number | string;
}

const tell = (type: string, told: Told): void => {
  test.info().annotations.push({ type, description: JSON.stringify(told) });
};

/** Sets a key of the summary. */
export const figure = (key: string, value: number): void => tell(FIGURE, { key, value });

/** Notes something beside the table. */
export const detail = (key: string, value: number | string): void => tell(DETAIL, { key, value });

/** One of two numbers of samples. */
export const samples = (full: number, quick: number): number => (process.env.UI_BENCH_QUICK === '1' ? quick : full);

/** The value that `p` (0 to 1) of all values are at or below. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
}
