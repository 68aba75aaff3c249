/** What a run was worth to its organization. */
import { count } from './format';
import { duration } from './time';

const MINUTE = 60_000;

/** A number above zero; decimals can come as text. */
function positive(value: unknown): number {
  const number = typeof value === 'string' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) && number > 0 ? number : 0;
}

/** In words, from `{time_saved, value}` with minutes; nothing where that is nothing. */
export function worth(roi: unknown): string | undefined {
  if (typeof roi !== 'object' || roi === null) return undefined;
  const { time_saved: minutes, value } = roi as Record<string, unknown>;
  const parts: string[] = [];
  if (positive(minutes) > 0) parts.push(`saved ${duration(positive(minutes) * MINUTE)}`);
  if (positive(value) > 0) parts.push(`worth ${count(positive(value))}`);
  return parts.length === 0 ? undefined : parts.join(', ');
}
