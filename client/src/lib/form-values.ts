/** From what the controls of a form hold to values, and back. */
import type { FormField } from '@/api/forms';
import type { Json } from '@/expressions';

/** What controls hold: numbers and times are texts there. */
export type Entered = Record<string, Json>;

/** Values by field. What is not there has its default; null has not. */
export type Values = Record<string, Json>;

/** True for what is shown and never filled in. */
export const isContent = (field: FormField): boolean => field.type === 'markdown' || field.type === 'html';

/** True for what is chosen among options. */
export const isChoice = (field: FormField): boolean =>
  field.type === 'select' || field.type === 'multi_select' || field.type === 'radio';

/** The name that people read. */
export const labelOf = (field: FormField): string => field.label?.trim() || field.name;

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const LOCAL_TIME = /^\d{4,6}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?$/;

/** Either a value (`undefined`: nothing) or what is wrong with what was entered. */
export type Read = { value: Json | undefined } | { problem: string };

/** Reads what a control holds. Whether it is valid, the evaluator says. */
export function toValue(field: FormField, entered: Json | undefined): Read {
  if (entered === undefined || entered === null || isContent(field)) return { value: undefined };
  if (field.type === 'checkbox') return { value: entered === true };
  if (Array.isArray(entered)) return { value: entered.length === 0 ? undefined : entered };
  if (typeof entered !== 'string') return { value: entered };
  if (entered === '') return { value: undefined };
  if (field.type === 'number') {
    const text = entered.trim();
    if (text === '') return { value: undefined };
    const number = NUMBER.test(text) ? Number(text) : Number.NaN;
    return Number.isFinite(number) ? { value: number } : { problem: 'Enter a number, such as 4.2' };
  }
  if (field.type === 'datetime') return { value: LOCAL_TIME.test(entered) ? withOffset(entered) : entered };
  return { value: entered };
}

/** What a control holds for a value. */
export function toEntered(field: FormField, value: Json | undefined): Json {
  if (field.type === 'checkbox') return value === true || value === 'true';
  if (field.type === 'multi_select' || field.type === 'file') return listOf(value);
  if (value === undefined || value === null) return '';
  if (field.type === 'number') return typeof value === 'number' ? String(value) : textOf(value);
  if (field.type === 'datetime') return typeof value === 'string' ? toLocalTime(value) : '';
  if (isChoice(field)) return value;
  return textOf(value);
}

function listOf(value: Json | undefined): Json[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null || value === '' ? [] : [value];
}

/** A value as a text: JSON for what is none. */
export const textOf = (value: Json): string => (typeof value === 'string' ? value : JSON.stringify(value));

/** A local time with the offset that it has here: `2026-11-26T08:39:00+01:00`. */
export function withOffset(local: string): string {
  const time = new Date(local);
  if (Number.isNaN(time.getTime())) return local;
  const offset = -time.getTimezoneOffset();
  const size = Math.abs(offset);
  const digits = (number: number) => String(number).padStart(2, '0');
  const seconds = local.length === local.indexOf('T') + 6 ? `${local}:00` : local;
  return `${seconds}${offset < 0 ? '-' : '+'}${digits(Math.floor(size / 60))}:${digits(size % 60)}`;
}

/** A time as the browser's control takes it, in the local zone, to the minute. */
export function toLocalTime(value: string): string {
  if (LOCAL_TIME.test(value)) return value.slice(0, value.indexOf('T') + 6);
  const time = new Date(value);
  // A day alone is no time: the evaluator refuses it, so it is not shown as midnight.
  if (!value.includes('T') || Number.isNaN(time.getTime())) return '';
  time.setMinutes(time.getMinutes() - time.getTimezoneOffset());
  return time.toISOString().slice(0, 16);
}

/** What was entered, as values and problems by field. What was emptied is null, so that it has no default. */
export function readAll(fields: readonly FormField[], own: Entered): { values: Values; problems: Record<string, string> } {
  const values: Values = {};
  const problems: Record<string, string> = {};
  for (const field of fields) {
    if (isContent(field) || !(field.name in own)) continue;
    const read = toValue(field, own[field.name]);
    if ('problem' in read) problems[field.name] = read.problem;
    values[field.name] = ('value' in read ? read.value : undefined) ?? null;
  }
  return { values, problems };
}

/** True for equal JSON. */
export const same = (a: Json | undefined, b: Json | undefined): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);
