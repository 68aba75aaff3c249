/** Conditions on documents: rows of a form, what the URL has, what the server is asked. */
import { enteredOf, valueOf } from '@/lib/entered';

export const OPERATORS = {
  eq: 'is',
  ne: 'is not',
  gt: 'is above',
  gte: 'is at least',
  lt: 'is below',
  lte: 'is at most',
  contains: 'contains',
  starts_with: 'begins with',
  ends_with: 'ends with',
  in: 'is one of',
  is_null: 'is nothing',
  has_key: 'has the key',
} as const;

export type Operator = keyof typeof OPERATORS;

export const OPERATOR_NAMES = Object.keys(OPERATORS) as Operator[];

/** A condition while it is edited. */
export interface Row {
  field: string;
  operator: Operator;
  value: string;
}

export type Where = Record<string, unknown>;

/** Longest list of `in`. */
const MOST = 100;

const isObject = (value: unknown): value is Where => typeof value === 'object' && value !== null && !Array.isArray(value);

const isOperator = (name: string): name is Operator => name in OPERATORS;

/** The filter of a URL; nothing where it is none. */
export function whereOf(text: string | undefined): Where | undefined {
  if (text === undefined || text === '') return undefined;
  const value = valueOf(text);
  return isObject(value) && Object.keys(value).length > 0 ? value : undefined;
}

/** The rows of a filter. */
export function rowsOf(where: Where | undefined): Row[] {
  return Object.entries(where ?? {}).flatMap(([field, condition]): Row[] => {
    if (!isObject(condition) || !Object.keys(condition).every((name) => isOperator(name) || name === 'in_')) {
      return [{ field, operator: 'eq', value: enteredOf(condition) }];
    }
    return Object.entries(condition).map(([name, value]) => {
      const operator = name === 'in_' ? 'in' : (name as Operator);
      return { field, operator, value: shown(operator, value) };
    });
  });
}

function shown(operator: Operator, value: unknown): string {
  if (operator === 'starts_with' || operator === 'ends_with' || operator === 'has_key') return typeof value === 'string' ? value : JSON.stringify(value);
  return operator === 'in' && Array.isArray(value) ? JSON.stringify(value) : enteredOf(value);
}

function read(operator: Operator, text: string): { value: unknown } | { problem: string } {
  switch (operator) {
    case 'starts_with':
    case 'ends_with':
      return text === '' ? { problem: 'Enter a text.' } : { value: text };
    case 'is_null':
      return { value: text !== 'false' };
    case 'has_key':
      if (text === '') return { problem: 'Enter a key, or true where the field itself is there.' };
      return { value: text === 'true' || text === 'false' ? text === 'true' : text };
    case 'in': {
      const given = valueOf(text);
      const list: unknown[] = Array.isArray(given) ? given : text.split(',').map((part) => valueOf(part.trim()));
      if (text.trim() === '' || list.length === 0) return { problem: 'Enter values with commas between them.' };
      return list.length > MOST ? { problem: `At most ${MOST} values.` } : { value: list };
    }
    default:
      return { value: valueOf(text) };
  }
}

/** A filter from its rows, or what is wrong with them by their place. */
export function readRows(rows: readonly Row[]): { where: Where | undefined } | { problems: Record<number, string> } {
  const conditions = new Map<string, Where>();
  const problems: Record<number, string> = {};
  rows.forEach(({ field, operator, value }, index) => {
    const name = field.trim();
    if (name === '') {
      problems[index] = 'Enter a field, such as status or address.city.';
      return;
    }
    const result = read(operator, value);
    const condition = conditions.get(name) ?? {};
    if ('problem' in result) problems[index] = result.problem;
    else if (operator in condition) problems[index] = `There is a condition “${OPERATORS[operator]}” for ${name} already.`;
    else conditions.set(name, { ...condition, [operator]: result.value });
  });
  if (Object.keys(problems).length > 0) return { problems };
  return { where: conditions.size === 0 ? undefined : Object.fromEntries(conditions) };
}
