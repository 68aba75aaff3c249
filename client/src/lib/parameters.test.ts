import { describe, expect, it } from 'vitest';
import type { Parameter } from '@/api/types';
import { choicesOf, fieldsOf, initial, read, readAll } from './parameters';

const parameter = (name: string, type: string, more: Partial<Parameter> = {}): Parameter => ({
  name,
  type,
  label: name,
  required: false,
  ...more,
});

const one = (type: string, more: Partial<Parameter> = {}) => {
  const [field] = fieldsOf([parameter('value', type, more)]);
  if (field === undefined) throw new Error('one parameter is one field');
  return field;
};

describe('fields of a form', () => {
  it('has a kind for each type, and JSON for those of another version', () => {
    const types = ['string', 'int', 'float', 'bool', 'list', 'json', 'date'];
    const kinds = fieldsOf(types.map((type) => parameter(type, type))).map(({ kind }) => kind);
    expect(kinds).toEqual(['text', 'integer', 'number', 'boolean', 'list', 'json', 'json']);
  });

  it('makes a choice of options and of data providers', () => {
    const options = [{ label: 'As JSON', value: 'json' }, 'html'];
    expect(one('string', { options })).toMatchObject({
      kind: 'choice',
      choices: [
        { label: 'As JSON', value: 'json' },
        { label: 'html', value: 'html' },
      ],
    });
    expect(one('string', { data_provider: 'PSA companies' })).toMatchObject({ kind: 'choice', provider: 'PSA companies' });
    expect(choicesOf('none')).toEqual([]);
  });

  it('begins with the default, or with what an earlier run had', () => {
    expect(initial(one('string', { default_value: 'world' }))).toBe('world');
    expect(initial(one('string', { default_value: 'world' }), { value: 'Ada' })).toBe('Ada');
    expect(initial(one('bool', { default_value: true }))).toBe(true);
    expect(initial(one('bool'))).toBe(false);
    expect(initial(one('int', { default_value: 0 }))).toBe('0');
    expect(initial(one('list'), { value: ['a', 'b'] })).toBe('a\nb');
    expect(initial(one('list'), { value: [1] })).toBe('[\n  1\n]');
    expect(initial(one('json'), { value: { a: 1 } })).toBe('{\n  "a": 1\n}');
  });
});

describe('what was entered', () => {
  it('is read by type', () => {
    expect(read(one('string'), ' a ')).toEqual({ value: ' a ' });
    expect(read(one('int'), ' 42 ')).toEqual({ value: 42 });
    expect(read(one('float'), '4.5')).toEqual({ value: 4.5 });
    expect(read(one('bool'), true)).toEqual({ value: true });
    expect(read(one('list'), 'a\n b')).toEqual({ value: ['a', 'b'] });
    expect(read(one('list'), '[1, 2]')).toEqual({ value: [1, 2] });
    expect(read(one('json'), '{"a": [1]}')).toEqual({ value: { a: [1] } });
  });

  it('keeps the type of a choice', () => {
    const field = one('int', { options: [{ label: 'Two', value: 2 }] });
    expect(read(field, '2')).toEqual({ value: 2 });
    expect(read(one('string', { options: [{ label: 'Two', value: '2' }] }), '2')).toEqual({ value: '2' });
  });

  it('is a list where several can be chosen', () => {
    const field = one('list', { data_provider: 'Users' });
    expect(field).toMatchObject({ kind: 'choices', provider: 'Users' });
    expect(initial(field, { value: [1, 'a'] })).toBe('[1,"a"]');
    expect(initial(field, { value: 'a' })).toBe('["a"]');
    expect(read(field, '[1,"a"]')).toEqual({ value: [1, 'a'] });
    expect(read(field, '[]')).toEqual({ value: undefined });
    expect(read(one('list', { data_provider: 'Users', required: true }), '[]')).toHaveProperty('problem');
  });

  it('is a problem where it is not of its type', () => {
    for (const [type, text] of [
      ['int', '4.5'],
      ['int', '99999999999999999999'],
      ['float', 'four'],
      ['json', '{'],
      ['list', '[1'],
    ] as const) {
      expect(read(one(type), text), `${type} ${text}`).toHaveProperty('problem');
    }
  });

  it('leaves out what is empty, unless it is needed', () => {
    const fields = fieldsOf([parameter('a', 'string'), parameter('b', 'int', { required: true })]);
    expect(readAll(fields, { a: '', b: '' })).toEqual({ problems: { b: 'b is needed.' } });
    expect(readAll(fields, { a: '', b: '1' })).toEqual({ input: { b: 1 } });
  });
});
