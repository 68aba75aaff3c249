/** Which JSON is a table: a list of objects that have members in common. */
import { decimal } from './format';

export type Records = Record<string, unknown>[];

export interface Table {
  columns: string[];
  records: Records;
}

/** More columns than this are better read as a tree. */
const MOST_COLUMNS = 30;

/** The table in a value; nothing when there is none. */
export function asTable(value: unknown): Table | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const plain = value.every((item) => typeof item === 'object' && item !== null && !Array.isArray(item));
  if (!plain) return undefined;
  const records = value as Records;
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  return columns.length > 0 && columns.length <= MOST_COLUMNS ? { columns, records } : undefined;
}

/** A name in code as words: `unused_spend` is `Unused spend`. */
export function words(name: string): string {
  const text = name.replace(/_/g, ' ').trim();
  return text === '' ? name : text.charAt(0).toUpperCase() + text.slice(1);
}

/** A value that is neither a list nor an object. */
export const isPlain = (value: unknown): boolean => typeof value !== 'object' || value === null;

/** A value that fits into a cell. */
export function cell(value: unknown): string {
  if (value === null || value === undefined) return '–';
  if (Array.isArray(value) && value.every(isPlain)) return value.length === 0 ? 'none' : value.map(cell).join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return decimal(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}
