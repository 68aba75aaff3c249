import { describe, expect, it } from 'vitest';
import type { Document } from '@/api/types';
import { columnsOf, difference } from './documents';
import { readRows, rowsOf, whereOf, type Row } from './filter';

describe('a filter of documents', () => {
  it('survives its form', () => {
    const where = {
      status: { eq: 'open', ne: '7' },
      seats: { gte: 10, lt: 20 },
      name: { starts_with: '7', ends_with: 'x' },
      tags: { contains: 'a', in: [1, 'b', null] },
      'address.city': { is_null: false, has_key: 'zip' },
      more: { has_key: true },
    };
    expect(readRows(rowsOf(where))).toEqual({ where });
  });

  it('reads a bare value as equality, also an object that is none of operators', () => {
    expect(rowsOf({ a: 7, b: { city: 'Bern' } })).toEqual([
      { field: 'a', operator: 'eq', value: '7' },
      { field: 'b', operator: 'eq', value: '{"city":"Bern"}' },
    ]);
    expect(rowsOf({ a: { in_: [1] } })).toEqual([{ field: 'a', operator: 'in', value: '[1]' }]);
  });

  it('takes lists with commas', () => {
    expect(readRows([{ field: ' a ', operator: 'in', value: 'open, 7' }])).toEqual({ where: { a: { in: ['open', 7] } } });
  });

  it('names the row that is wrong', () => {
    const rows: Row[] = [
      { field: '', operator: 'eq', value: '1' },
      { field: 'a', operator: 'gt', value: '1' },
      { field: 'a', operator: 'gt', value: '2' },
      { field: 'b', operator: 'in', value: ' ' },
      { field: 'b', operator: 'in', value: JSON.stringify(Array.from({ length: 101 }, (_, index) => index)) },
    ];
    const result = readRows(rows);
    expect('problems' in result && Object.keys(result.problems)).toEqual(['0', '2', '3', '4']);
    expect(readRows([])).toEqual({ where: undefined });
  });

  it('of a URL is an object or nothing', () => {
    expect(whereOf('{"a":{"gt":1}}')).toEqual({ a: { gt: 1 } });
    for (const text of [undefined, '', '{}', '[]', '7', '{', 'null']) expect(whereOf(text)).toBeUndefined();
  });
});

describe('documents', () => {
  const documents = (...all: object[]) => all.map((data) => ({ data }) as Document);

  it('show what most of them have, in their own order', () => {
    expect(columnsOf(documents({ a: 1, b: 1 }, { b: 2, c: 3 }))).toEqual(['a', 'b', 'c']);
    const wide = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`f${index}`, index]));
    expect(columnsOf(documents(wide, { f8: 1 }))).toEqual(['f0', 'f1', 'f2', 'f3', 'f4', 'f8']);
    expect(columnsOf([])).toEqual([]);
  });

  it('differ by fields that are laid over, and by those that are gone', () => {
    expect(difference({ a: 1, b: { c: [1] }, d: null }, { a: 1, b: { c: [2] }, e: null })).toEqual({ laid: { b: { c: [2] }, e: null }, gone: ['d'] });
    expect(difference({ a: undefined }, {})).toEqual({ laid: {}, gone: ['a'] });
  });
});
