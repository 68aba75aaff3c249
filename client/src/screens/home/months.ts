/** Months of UTC, as the API writes them. */

/** The month of a time, such as `2026-01`. */
export const monthOf = (time: Date): string => time.toISOString().slice(0, 7);

/** The last months up to that of a time, the oldest first. */
export function lastMonths(now: Date, many: number): string[] {
  return Array.from({ length: many }, (_, index) =>
    monthOf(new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - (many - 1 - index), 1))),
  );
}

const short = new Intl.DateTimeFormat('en-GB', { month: 'short', timeZone: 'UTC' });
const long = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });

const first = (month: string): Date => new Date(`${month}-01T00:00:00Z`);

/** `Jan`. */
export const shortMonth = (month: string): string => short.format(first(month));

/** `January 2026`. */
export const longMonth = (month: string): string => long.format(first(month));

/** `45 min`, `3.5 h`, `1,200 h`. */
export function minutes(value: number): string {
  if (value < 60) return `${Math.round(value)} min`;
  const hours = value / 60;
  return hours < 100 ? `${(Math.round(hours * 10) / 10).toLocaleString('en')} h` : `${Math.round(hours).toLocaleString('en')} h`;
}
