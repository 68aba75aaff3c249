/** Filters and mappings of subscriptions as rows of a form. */
import type { Condition, Place, Subscription } from '@/api/types';
import { enteredOf, valueOf } from '@/lib/entered';

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

export const mappingOf = (rows: readonly MappingRow[]): Subscription['mapping'] =>
  Object.fromEntries(
    rows
      .filter(({ name, text, from }) => name.trim() !== '' && (from === 'value' || text.trim() !== ''))
      .map(({ name, from, text }): [string, Place] => [name.trim(), from === 'event' ? text.trim() : { value: valueOf(text) as Any }]),
  );

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
