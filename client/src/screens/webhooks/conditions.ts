/** Filters and mappings of subscriptions as rows of a form. */
import type { Condition, Subscription } from '@/api/types';
import { enteredOf, valueOf } from '@/lib/entered';
import { initial, read, type Entered, type Field, type Read } from '@/lib/parameters';
import { problemOf } from '@/lib/rules';

export const TESTS = { equals: 'is', exists: 'is there', missing: 'is not there' } as const;
export type Test = keyof typeof TESTS;

/** A condition while it is edited. */
export interface FilterRow {
  pointer: string;
  test: Test;
  value: string;
}

/** A parameter while it is edited. */
export interface MappingRow {
  name: string;
  /** From the event, or always the same. */
  from: 'event' | 'value';
  text: string;
  /** What the field of the parameter holds, once somebody has changed it. */
  entered?: Entered;
}

export const filterRows = (filter: readonly Condition[]): FilterRow[] =>
  filter.map(({ pointer, equals, exists }) => ({
    pointer,
    test: exists === true ? 'exists' : exists === false ? 'missing' : 'equals',
    value: exists == null ? enteredOf(equals ?? null) : '',
  }));

/** The API's document has values of any kind as objects. */
type Any = Record<string, unknown>;

export const filterOf = (rows: readonly FilterRow[]): Condition[] =>
  rows.map(({ pointer, test, value }) =>
    test === 'equals' ? { pointer: pointer.trim(), equals: valueOf(value) as Any } : { pointer: pointer.trim(), exists: test === 'exists' },
  );

export const mappingRows = (mapping: Subscription['mapping']): MappingRow[] =>
  Object.entries(mapping).map(([name, place]) =>
    typeof place === 'string' ? { name, from: 'event', text: place } : { name, from: 'value', text: enteredOf(place.value) },
  );

/** What the field of a parameter holds that is always the same. */
export const enteredIn = (row: MappingRow, field: Field): Entered =>
  row.entered ?? initial({ ...field, fallback: undefined }, row.text === '' ? {} : { [field.name]: valueOf(row.text) });

/** A value that is always the same, or what is wrong with it; a text may be empty. */
export function constantOf(row: MappingRow, field: Field | undefined): Read {
  if (field === undefined) return { value: valueOf(row.text) };
  const entered = enteredIn(row, field);
  if (entered !== '' || field.kind !== 'text') return read(field, entered);
  const problem = problemOf(field.rules, '');
  return problem === undefined ? { value: '' } : { problem };
}

const fieldOf = (fields: readonly Field[], { name }: MappingRow): Field | undefined => fields.find((field) => field.name === name);

export function mappingOf(rows: readonly MappingRow[], fields: readonly Field[] = []): Subscription['mapping'] {
  const mapping: Subscription['mapping'] = {};
  for (const row of rows) {
    const [name, pointer] = [row.name.trim(), row.text.trim()];
    if (name === '') continue;
    if (row.from === 'event') {
      if (pointer !== '') mapping[name] = pointer;
      continue;
    }
    const constant = constantOf(row, fieldOf(fields, row));
    if ('value' in constant && constant.value !== undefined) mapping[name] = { value: constant.value as Any };
  }
  return mapping;
}

/** What is wrong with where a parameter comes from; one from nowhere is left out. */
export function rowProblem(row: MappingRow, fields: readonly Field[]): string | undefined {
  if (row.from === 'event') return row.text.trim() === '' ? undefined : pointerProblem(row.text);
  const constant = constantOf(row, fieldOf(fields, row));
  return 'problem' in constant ? constant.problem : undefined;
}

/** What is wrong with a JSON Pointer. */
export function pointerProblem(pointer: string): string | undefined {
  if (pointer.trim() === '') return 'Enter where to look, such as /data/action.';
  if (!pointer.trim().startsWith('/')) return 'A pointer begins with /, such as /data/action.';
  return /~(?![01])/.test(pointer) ? 'Write ~ as ~0, and a / within a name as ~1.' : undefined;
}

/** A condition in words. */
export function conditionWords({ pointer, equals, exists }: Condition): string {
  if (exists != null) return `${pointer} ${exists ? TESTS.exists : TESTS.missing}`;
  return `${pointer} is ${enteredOf(equals ?? null)}`;
}
