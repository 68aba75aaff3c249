/** Times and durations in words. */
import { lazily } from './lazily';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

// The browser's formatters read their data when the first one is made, which takes a slow phone 200 ms: what is
// seen at first does without.
const absolute = lazily(() => new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'long' }));
const day = lazily(() => new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' }));

/** `3 min ago`, `in 2 hr`; a date for what is further away than a month. */
export function ago(time: Date, now: Date): string {
  const difference = time.getTime() - now.getTime();
  const size = Math.abs(difference);
  if (size < 5 * SECOND) return difference > 0 ? 'in a moment' : 'just now';
  if (Math.round(size / SECOND) < 60) return relative(Math.round(difference / SECOND), 'sec');
  if (Math.round(size / MINUTE) < 60) return relative(Math.round(difference / MINUTE), 'min');
  if (Math.round(size / HOUR) < 24) return relative(Math.round(difference / HOUR), 'hr');
  if (size < 30 * DAY) return relative(Math.round(difference / DAY), 'day');
  return day().format(time);
}

/** `3 min ago`, `in 2 days`; what is nearest has words of its own. */
function relative(value: number, unit: 'sec' | 'min' | 'hr' | 'day'): string {
  if (unit === 'day' && Math.abs(value) === 1) return value < 0 ? 'yesterday' : 'tomorrow';
  const size = `${Math.abs(value)} ${unit}${unit === 'day' ? 's' : ''}`;
  return value < 0 ? `${size} ago` : `in ${size}`;
}

/** The whole time, with its zone. */
export const whole = (time: Date): string => absolute().format(time);

/** `Fri 1 Jan 2027, 03:00`, in a time zone; in the browser's own where it does not know that one. */
export function inZone(time: Date, timeZone: string): string {
  const parts = { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' } as const;
  try {
    return time.toLocaleString('en-GB', { ...parts, timeZone });
  } catch {
    return time.toLocaleString('en-GB', parts);
  }
}

/** A time of day, with milliseconds, for logs. */
export const timeOfDay = (time: Date): string =>
  `${[time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => digits(part, 2)).join(':')}.${digits(time.getMilliseconds(), 3)}`;

const digits = (value: number, length: number): string => String(value).padStart(length, '0');

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
