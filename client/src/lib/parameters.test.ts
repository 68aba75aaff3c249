import { describe, expect, it } from 'vitest';
import type { Parameter } from '@/api/types';
import { choicesOf, fieldsOf, fieldsOfSchema, fieldsOfWorkflow, initial, read, readAll } from './parameters';

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

  it('is drawn from a schema as from the parameters', () => {
    const options = [
      { label: 'small', value: 'small' },
      { label: 'large', value: 'large' },
    ];
    const parameters = [
      parameter('seats', 'int', { validation: { min: 1, message: 'At least one.' }, required: true }),
      parameter('plan', 'string', { options, default_value: 'small', description: 'How much.' }),
      parameter('company', 'string', { data_provider: 'Companies', required: true }),
      parameter('users', 'list', { data_provider: 'Users' }),
      parameter('tags', 'list', { options }),
      parameter('quick', 'bool'),
      parameter('share', 'float'),
      parameter('model', 'json', { required: true }),
    ];
    const schema = {
      type: 'object',
      required: ['seats', 'company', 'model'],
      'x-order': parameters.map(({ name }) => name),
      properties: {
        company: { title: 'company', type: 'string', 'x-data-provider': 'Companies' },
        model: { title: 'model', allOf: [{ $id: 'parameter-7' }] },
        plan: { title: 'plan', type: 'string', default: 'small', description: 'How much.', enum: ['small', 'large'] },
        quick: { title: 'quick', type: ['boolean', 'null'] },
        seats: { title: 'seats', type: 'integer', minimum: 1, 'x-message': 'At least one.' },
        share: { title: 'share', type: ['number', 'null'] },
        tags: { title: 'tags', type: ['array', 'null'], items: { enum: ['small', 'large'] } },
        users: { title: 'users', type: ['array', 'null'], 'x-data-provider': 'Users' },
      },
    };
    expect(fieldsOfSchema(schema)).toEqual(fieldsOf(parameters));
    expect(fieldsOfWorkflow({ parameters: [], parameters_schema: schema })).toHaveLength(8);
    expect(fieldsOfWorkflow({ parameters })).toHaveLength(8);
  });

  it('has a label that was made of its name in sentence case', () => {
    const labels = { as_of: 'As Of', orgId: 'Org Id', name: 'Full Name', HTTPServer2: 'HTTP Server2' };
    const parameters = Object.entries(labels).map(([name, label]) => parameter(name, 'string', { label }));
    expect(fieldsOfWorkflow({ parameters }).map(({ label }) => label)).toEqual(['As of', 'Org id', 'Full Name', 'HTTP Server2']);
  });

  it('takes any schema of an object', () => {
    expect(fieldsOfSchema({})).toEqual([]);
    expect(fieldsOfSchema({ properties: { b: true, a: { enum: [null, 'x'] } }, required: 'a', 'x-order': ['a', 'gone'] })).toMatchObject([
      { name: 'a', label: 'a', kind: 'choice', required: false, choices: [{ label: 'x', value: 'x' }] },
      { name: 'b', label: 'b', kind: 'json' },
    ]);
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

  it('keeps to the rules of its field', () => {
    const seats = one('int', { validation: { min: 1 } });
    expect(read(seats, '1')).toEqual({ value: 1 });
    expect(read(seats, '0')).toEqual({ problem: 'Enter at least 1.' });
    expect(read(seats, '')).toEqual({ value: undefined });
    expect(read(one('list', { validation: { max_length: 1 } }), 'a\nb')).toHaveProperty('problem');
    expect(read(one('json', { validation: { min: 1 } }), '0')).toEqual({ value: 0 });
  });

  it('keeps the type of a choice', () => {
    const field = one('int', { options: [{ label: 'Two', value: 2 }] });
    expect(read(field, '2')).toEqual({ value: 2 });
    expect(read(one('string', { options: [{ label: 'Two', value: '2' }] }), '2')).toEqual({ value: '2' });
    const provided = (type: string) => one(type, { data_provider: 'Users', validation: { max: 9 } });
    expect(read(provided('int'), '2')).toEqual({ value: 2 });
    expect(read(provided('int'), '12')).toHaveProperty('problem');
    expect(read(provided('string'), '2')).toEqual({ value: '2' });
    expect(read(provided('bool'), 'true')).toEqual({ value: true });
    expect([read(provided('json'), '{"a":1}'), read(provided('json'), 'a')]).toEqual([{ value: { a: 1 } }, { value: 'a' }]);
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
