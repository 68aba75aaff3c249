/** Times and durations in words. */

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const relative = new Intl.RelativeTimeFormat('en-GB', { numeric: 'auto', style: 'short' });
const absolute = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' });
const day = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });
const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});

/** `3 min ago`, `in 2 hr`; a date for what is further away than a month. */
export function ago(time: Date, now: Date): string {
  const difference = time.getTime() - now.getTime();
  const size = Math.abs(difference);
  if (size < 5 * SECOND) return difference > 0 ? 'in a moment' : 'just now';
  if (size < MINUTE) return relative.format(Math.round(difference / SECOND), 'second');
  if (size < HOUR) return relative.format(Math.round(difference / MINUTE), 'minute');
  if (size < DAY) return relative.format(Math.round(difference / HOUR), 'hour');
  if (size < 30 * DAY) return relative.format(Math.round(difference / DAY), 'day');
  return day.format(time);
}

/** The whole time, with its zone. */
export const whole = (time: Date): string => absolute.format(time);

/** A time of day, with milliseconds, for logs. */
export const timeOfDay = (time: Date): string => clock.format(time);

/** `12 ms`, `3.4 s`, `2 min 5 s`, `1 h 20 min`. */
export function duration(milliseconds: number): string {
  if (milliseconds < SECOND) return `${Math.round(milliseconds)} ms`;
  if (milliseconds < 10 * SECOND) return `${(milliseconds / SECOND).toFixed(1)} s`;
  if (milliseconds < MINUTE) return `${Math.round(milliseconds / SECOND)} s`;
  if (milliseconds < HOUR) return pair(milliseconds, MINUTE, 'min', SECOND, 's');
  if (milliseconds < DAY) return pair(milliseconds, HOUR, 'h', MINUTE, 'min');
  return pair(milliseconds, DAY, 'd', HOUR, 'h');
}

function pair(size: number, large: number, largeName: string, small: number, smallName: string): string {
  const units = Math.round(size / small);
  const per = large / small;
  const rest = units % per;
  const whole = `${Math.floor(units / per)} ${largeName}`;
  return rest === 0 ? whole : `${whole} ${rest} ${smallName}`;
}
