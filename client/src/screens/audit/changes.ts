/** What an entry's details say, as rows of a table. */
import { whole } from '@/lib/time';
import { MASK, readable } from './actions';

export interface Change {
  name: string;
  /** Nothing where the entry says only what is now. */
  before: string | undefined;
  after: string;
}

type Fields = Record<string, unknown>;

const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value);

const isChange = (value: unknown): value is { from: unknown; to: unknown } =>
  isObject(value) && Object.keys(value).length === 2 && 'from' in value && 'to' in value;

const INSTANT = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/;

/** A value as people read it. */
function valueWords(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–';
  if (value === MASK) return 'Hidden';
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  if (typeof value === 'string') return INSTANT.test(value) ? whole(new Date(value)) : value;
  if (Array.isArray(value) && value.every((item) => !isObject(item))) return value.length === 0 ? 'None' : value.map(valueWords).join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** `is_enabled` is `Enabled`. */
const nameWords = (name: string): string => readable(name.replace(/^is_/, ''));

function rowsOf(name: string, value: unknown): Change[] {
  if (!isChange(value)) return [{ name: nameWords(name), before: undefined, after: valueWords(value) }];
  const { from, to } = value;
  if (!isObject(from) || !isObject(to)) return [{ name: nameWords(name), before: valueWords(from), after: valueWords(to) }];
  return [...new Set([...Object.keys(from), ...Object.keys(to)])]
    .map((key) => ({ name: `${nameWords(name)}: ${nameWords(key).toLowerCase()}`, before: valueWords(from[key]), after: valueWords(to[key]) }))
    .filter(({ before, after }) => before !== after);
}

/** One row for each detail; of what changed within one, a row for each part of it. */
export const changesOf = (details: Fields): Change[] => Object.entries(details).flatMap(([name, value]) => rowsOf(name, value));
