/** The state of lists in the URL: plain `name=value` pairs, nothing for what is not set. */

/** What stands in a URL. */
export type Search = Record<string, string | undefined>;

/** Reads a query string; a name that comes twice counts once. */
export const parseSearch = (text: string): Search => Object.fromEntries(new URLSearchParams(text));

/** Writes one, in the order of its members, without those that are not set. */
export function stringifySearch(search: Record<string, unknown>): string {
  const pairs = Object.entries(search).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}

/** Text, without what is empty or absurdly long. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' && value.length <= 500 ? value : undefined;
}

/** One of these, or nothing. */
export function oneOf<const T extends string>(values: readonly T[], value: unknown): T | undefined {
  return values.find((known) => known === value);
}

/** Those of a list with commas that are among these, each once; nothing where none is. */
export function someOf(values: readonly string[], value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  const named = new Set(value.split(','));
  return values.filter((known) => named.has(known)).join(',') || undefined;
}

/** A whole number from 1 on, or nothing. */
export function positive(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number > 0 ? number : undefined;
}

/** A UUID, or nothing. */
export function uuid(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/i.test(value) ? value : undefined;
}

/** Parameters of any name, without what is absurdly long or many. */
export function texts(raw: Record<string, unknown>): Search {
  const pairs = Object.entries(raw).filter(
    ([name, value]) => name !== 'org' && name.length <= 100 && typeof value === 'string' && value.length <= 2_000,
  );
  return Object.fromEntries(pairs.slice(0, 50)) as Search;
}
