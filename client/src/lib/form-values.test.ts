import { describe, expect, it } from 'vitest';
import type { FormField, FieldType } from '@/api/forms';
import { readAll, toEntered, toLocalTime, toValue, withOffset } from './form-values';

const field = (type: FieldType, more: Partial<FormField> = {}): FormField => ({ name: 'a', label: 'A', type, ...more });

describe('what controls hold', () => {
  it('is read by type', () => {
    expect(toValue(field('text'), ' a ')).toEqual({ value: ' a ' });
    expect(toValue(field('number'), ' 4.50 ')).toEqual({ value: 4.5 });
    expect(toValue(field('number'), '-.5e2')).toEqual({ value: -50 });
    expect(toValue(field('checkbox'), true)).toEqual({ value: true });
    expect(toValue(field('date'), '2026-01-31')).toEqual({ value: '2026-01-31' });
    expect(toValue(field('select'), 7)).toEqual({ value: 7 });
    expect(toValue(field('multi_select'), ['a', 1])).toEqual({ value: ['a', 1] });
    expect(toValue(field('markdown', { content: 'x' }), 'x')).toEqual({ value: undefined });
  });

  it('is nothing where it is empty, except for a box that is not ticked', () => {
    for (const type of ['text', 'email', 'number', 'select', 'radio', 'date', 'datetime', 'textarea'] as const) {
      expect(toValue(field(type), ''), type).toEqual({ value: undefined });
    }
    expect(toValue(field('number'), '  ')).toEqual({ value: undefined });
    expect(toValue(field('multi_select'), [])).toEqual({ value: undefined });
    expect(toValue(field('file'), [])).toEqual({ value: undefined });
    expect(toValue(field('checkbox'), false)).toEqual({ value: false });
  });

  it('is a problem where a number is none', () => {
    for (const text of ['1,5', 'four', '0x10', '1e999', 'Infinity', '1 2']) {
      expect(toValue(field('number'), text), text).toHaveProperty('problem');
    }
  });

  it('comes from values, and leads to them again', () => {
    const pairs: [FieldType, FormField['default_value']][] = [
      ['text', 'a'],
      ['number', 0],
      ['checkbox', true],
      ['select', 3],
      ['multi_select', ['a', 2]],
      ['date', '2026-01-31'],
    ];
    for (const [type, value] of pairs) {
      const one = field(type);
      expect(toValue(one, toEntered(one, value)), type).toEqual({ value });
    }
    expect(toEntered(field('multi_select'), 'a')).toEqual(['a']);
    expect(toEntered(field('text'), 7)).toBe('7');
  });

  it('is an instant for a time, with the offset of the reader', () => {
    const time = withOffset('2026-07-01T10:00');
    expect(time).toMatch(/^2026-07-01T10:00:00[+-]\d\d:\d\d$/);
    expect(new Date(time).getTime()).toBe(new Date(2026, 6, 1, 10).getTime());
    expect(toLocalTime(time)).toBe('2026-07-01T10:00');
    expect(toLocalTime('2026-07-01T10:00:30')).toBe('2026-07-01T10:00');
    expect(toLocalTime(new Date(2026, 0, 2, 3, 4).toISOString())).toBe('2026-01-02T03:04');
    for (const none of ['tomorrow', '2026-01-02']) expect(toLocalTime(none)).toBe('');
  });

  it('is read together', () => {
    const fields = [field('text'), { ...field('number'), name: 'b' }, { ...field('number'), name: 'c' }];
    expect(readAll(fields, { a: 'x', b: 'x', c: '', d: 'gone' })).toEqual({
      values: { a: 'x', b: null, c: null },
      problems: { b: expect.any(String) as string },
    });
    expect(readAll(fields, {})).toEqual({ values: {}, problems: {} });
  });
});
