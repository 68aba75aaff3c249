/** Cron expressions in words. */
import { toString } from 'cronstrue';

const NICKNAMES: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** `At 09:00, Monday through Friday`, `At 09:00, every day`; nothing for what is no expression. */
export function cronWords(expression: string): string | undefined {
  const text = expression.trim();
  try {
    return toString(NICKNAMES[text.toLowerCase()] ?? text, { use24HourTimeFormat: true, verbose: true });
  } catch {
    return undefined;
  }
}

/** What most people want. */
export const PRESETS = [
  { label: 'Every hour', expression: '0 * * * *' },
  { label: 'Every day at 9', expression: '0 9 * * *' },
  { label: 'Weekdays at 9', expression: '0 9 * * 1-5' },
  { label: 'Mondays at 9', expression: '0 9 * * 1' },
  { label: 'First of the month', expression: '0 9 1 * *' },
] as const;

/** All time zones that the browser knows. */
export const timeZones = (): string[] => ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];
