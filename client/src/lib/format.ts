/** Numbers and sizes in words. */
import { lazily } from './lazily';

/** `12,345`, with three decimals at most. */
export const count = (value: number): string => decimal(value, 3);

/** `12,345.678`, with so many decimals at most. */
export function decimal(value: number, places = 6): string {
  const [whole = '', part] = String(Number(value.toFixed(places))).split('.');
  const grouped = /^-?\d+$/.test(whole) ? whole.replace(/\B(?=(\d{3})+$)/g, ',') : whole;
  return part === undefined ? grouped : `${grouped}.${part}`;
}

/** `1 run`, `2 runs`. */
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

const ENDINGS: Partial<Record<Intl.LDMLPluralRule, string>> = { one: 'st', two: 'nd', few: 'rd' };
const ordinals = lazily(() => new Intl.PluralRules('en', { type: 'ordinal' }));

/** `1st`, `12th`. */
export const ordinal = (value: number): string => `${count(value)}${ENDINGS[ordinals().select(value)] ?? 'th'}`;

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** `1.5 MiB`. */
export function bytes(value: number): string {
  let size = value;
  let unit = 0;
  while (size >= 1_024 && unit < UNITS.length - 1) {
    size /= 1_024;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? Math.round(size) : size.toFixed(1).replace(/\.0$/, '')} ${UNITS[unit]}`;
}

/** Text for a file name: letters, digits, dots and dashes. */
export const fileName = (text: string): string => text.replace(/[^\w.-]+/g, '-').replace(/^-+|-+$/g, '') || 'file';

/** Saves text as a file of the browser. */
export function download(name: string, text: string, type = 'text/plain'): void {
  const url = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = Object.assign(document.createElement('a'), { href: url, download: fileName(name) });
  link.click();
  URL.revokeObjectURL(url);
}
