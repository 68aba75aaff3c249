/** From the values of an integration or an adapter to the fields of a form, and back to what has changed. */
import type { ConfigType, IntegrationField } from '@/api/types';

export const TYPES = ['string', 'int', 'bool', 'json', 'secret'] as const satisfies readonly ConfigType[];

export const TYPE_NAMES: Record<ConfigType, string> = {
  string: 'Text',
  int: 'Whole number',
  bool: 'Yes or no',
  json: 'JSON',
  secret: 'Secret',
};

export type Values = Record<string, unknown>;

/** What the fields hold; an empty text where there is no value. */
export type Entered = Record<string, string>;

/** A value as its field shows it. */
export function shown(type: ConfigType, value: unknown): string {
  if (value === undefined || value === null || type === 'secret') return '';
  return typeof value === 'string' && type !== 'json' ? value : JSON.stringify(value, null, type === 'json' ? 2 : 0);
}

/** The defaults of a schema. */
export const defaultsOf = (schema: readonly IntegrationField[]): Values =>
  Object.fromEntries(schema.filter((field) => field.default !== undefined).map((field) => [field.key, field.default]));

/** What the fields show at first. */
export const enteredValues = (schema: readonly IntegrationField[], values: Values): Entered =>
  Object.fromEntries(schema.map(({ key, type }) => [key, shown(type, values[key])]));

/** A value from what was entered, or what is wrong with it. */
export function readValue(type: ConfigType, text: string): { value: unknown } | { problem: string } {
  switch (type) {
    case 'int':
      return /^-?\d+$/.test(text.trim()) && Number.isSafeInteger(Number(text))
        ? { value: Number(text) }
        : { problem: 'Enter a whole number, such as 42.' };
    case 'bool':
      return { value: text === 'true' };
    case 'json':
      try {
        return { value: JSON.parse(text) as unknown };
      } catch (error) {
        return { problem: `This is not JSON: ${error instanceof Error ? error.message : String(error)}` };
      }
    default:
      return { value: text };
  }
}

/** What to send: only what has changed, `null` for what is taken away; or problems by key. */
export function changedValues(
  schema: readonly IntegrationField[],
  before: Values,
  entered: Entered,
  taken: ReadonlySet<string>,
): { changes: Values } | { problems: Record<string, string> } {
  const changes: Values = {};
  const problems: Record<string, string> = {};
  for (const { key, type } of schema) {
    const text = entered[key] ?? '';
    if (type === 'secret') {
      if (text !== '') changes[key] = text;
      else if (taken.has(key)) changes[key] = null;
      continue;
    }
    if (text === shown(type, before[key])) continue;
    if (text === '') {
      changes[key] = null;
      continue;
    }
    const read = readValue(type, text);
    if ('problem' in read) problems[key] = read.problem;
    else changes[key] = read.value;
  }
  return Object.keys(problems).length > 0 ? { problems } : { changes };
}
