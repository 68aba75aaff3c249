import { describe, expect, it } from 'vitest';
import type { FieldType, FormDefinition, FormField, FormView } from '@/api/forms';
import { draftOf, fieldsFor, freeName, moved, nameFrom, nameProblem, newField, placeOf, renamed, tidy } from './form-draft';

const form: FormDefinition = {
  name: 'New user',
  workflow: 'Create user',
  access: 'authenticated',
  fields: [
    { name: 'country', label: 'Country', type: 'select', data_provider: 'Countries', auto_fill: { zone: 'zone' } },
    {
      name: 'city',
      label: 'City',
      type: 'select',
      visibility_expression: 'has(fields.country) && fields.country_code != "x" && fields["country"] != "DE"',
      data_provider: 'Cities',
      data_provider_inputs: {
        of: { mode: 'fieldRef', field_name: 'country' },
        how: { mode: 'expression', expression: 'lower(fields.country)' },
        most: { mode: 'static', value: 5 },
      },
      validation: { expression: 'fields.city != fields . country' },
    },
    {
      name: 'zone',
      label: 'Zone',
      type: 'text',
      auto_fill: { country: 'x' },
      default_data_provider: 'Zones',
      default_data_provider_inputs: { of: { mode: 'fieldRef', field_name: 'country' } },
    },
  ],
};

describe('a form that is built', () => {
  it('keeps its rules when a field gets another name', () => {
    const after = renamed(form, 'country', 'land');
    expect(after.fields[0]?.name).toBe('land');
    expect(after.fields[1]?.visibility_expression).toBe('has(fields.land) && fields.country_code != "x" && fields.land != "DE"');
    expect(after.fields[1]?.data_provider_inputs).toEqual({
      of: { mode: 'fieldRef', field_name: 'land' },
      how: { mode: 'expression', expression: 'lower(fields.land)' },
      most: { mode: 'static', value: 5 },
    });
    expect(after.fields[1]?.validation?.expression).toBe('fields.city != fields.land');
    expect(after.fields[2]?.auto_fill).toEqual({ land: 'x' });
    expect(after.fields[2]?.default_data_provider_inputs).toEqual({ of: { mode: 'fieldRef', field_name: 'land' } });
    expect(renamed(after, 'land', 'country').fields.map(({ name }) => name)).toEqual(['country', 'city', 'zone']);
  });

  it('leaves out what says nothing, in one order', () => {
    const view: FormView = {
      ...form,
      id: 'f',
      organization_id: null,
      workflow_id: 'w',
      workflow_name: 'Create user',
      source: 'api',
      revision: 3,
      may_edit: true,
      created_at: '',
      updated_at: '',
      description: null,
      launch_workflow: null,
      launch_parameters: {},
      query_parameters: [],
      fields: [
        { type: 'checkbox', label: 'Ok', name: 'ok', required: false, default_value: false, validation: { min: null, pattern: '' }, options: [], help_text: '' },
        { type: 'number', label: 'N', name: 'n', required: true, default_value: 0, validation: { min: 0, max: null } },
      ],
    };
    expect(JSON.stringify(draftOf(view))).toBe(
      '{"name":"New user","workflow":"Create user","access":"authenticated","fields":[' +
        '{"name":"ok","label":"Ok","type":"checkbox","default_value":false},' +
        '{"name":"n","label":"N","type":"number","required":true,"default_value":0,"validation":{"min":0}}]}',
    );
    expect(tidy(tidy(form))).toEqual(tidy(form));
  });

  it('leaves out what means nothing for a type', () => {
    const everything: FormField = {
      name: 'a',
      label: 'A',
      type: 'text',
      required: true,
      required_expression: 'true',
      enabled_expression: 'true',
      default_value: 'x',
      default_expression: '"x"',
      default_data_provider: 'D',
      default_data_provider_inputs: { i: { mode: 'static', value: 1 } },
      validation: { pattern: 'x', min: 1, max: 2, min_length: 1, max_length: 2, expression: 'true' },
      options: [{ label: 'X', value: 'x' }],
      data_provider: 'P',
      data_provider_inputs: { i: { mode: 'static', value: 1 } },
      auto_fill: { b: 'c' },
      content: 'x',
      allow_as_query_param: true,
      allowed_types: ['image/*'],
      multiple: true,
      max_size_mb: 1,
    };
    const keys = (type: FieldType, more: Partial<FormField> = {}) => {
      const [field] = tidy({ ...form, fields: [{ ...everything, type, ...more }] }).fields;
      return Object.keys(field ?? {}).slice(3).concat(Object.keys(field?.validation ?? {}).map((rule) => `.${rule}`));
    };
    const asked = ['default_data_provider', 'default_data_provider_inputs'];
    const first = ['required', 'required_expression', 'default_value', 'default_expression'];
    const rules = [...first, ...asked, 'enabled_expression', 'validation'];
    expect(keys('markdown')).toEqual(['content']);
    expect(keys('text')).toEqual([...rules, 'allow_as_query_param', '.pattern', '.min_length', '.max_length', '.expression']);
    expect(keys('number')).toEqual([...rules, 'allow_as_query_param', '.min', '.max', '.expression']);
    expect(keys('select')).toEqual([...rules, 'data_provider', 'data_provider_inputs', 'auto_fill', 'allow_as_query_param', '.expression']);
    expect(keys('multi_select')).toEqual([...rules, 'data_provider', 'data_provider_inputs', 'allow_as_query_param', '.expression']);
    expect(keys('radio', { data_provider: '' })).toEqual([...rules, 'options', 'allow_as_query_param', '.expression']);
    const unasked = [...first, 'enabled_expression', 'validation', 'allow_as_query_param', '.min', '.max', '.expression'];
    expect(keys('date', { default_data_provider: '' })).toEqual(unasked);
    expect(keys('file')).toEqual([
      'required',
      'required_expression',
      'enabled_expression',
      'validation',
      'allowed_types',
      'multiple',
      'max_size_mb',
      '.expression',
    ]);
  });

  it('has names that are free and can be written', () => {
    expect(nameFrom('Größe (in cm)')).toBe('grosse_in_cm');
    expect(nameFrom('2nd address')).toBe('_2nd_address');
    expect(nameFrom('日本')).toBe('field');
    expect(nameFrom('x'.repeat(99))).toHaveLength(64);
    expect(freeName('a', ['a', 'a_2'])).toBe('a_3');
    for (const name of ['', '1a', 'a b', 'a-b', 'x'.repeat(65)]) expect(nameProblem(name, []), name).toBeDefined();
    expect(nameProblem('a', ['a'])).toContain('already');
    expect(nameProblem('a_1', ['a'])).toBeUndefined();
    expect(newField('select', ['choice'])).toMatchObject({ name: 'choice_2', label: 'Choice', options: [{}, {}] });
    expect(newField('markdown', [])).not.toHaveProperty('label');
  });

  it('takes its fields from the parameters of a workflow', () => {
    const parameter = (name: string, type: string, more = {}) => ({ name, label: name, type, required: false, ...more });
    const fields = fieldsFor(
      [
        parameter('first_name', 'string', { required: true, description: 'As in the passport' }),
        parameter('count', 'int', { default_value: 3 }),
        parameter('loud', 'bool', { default_value: false }),
        parameter('tags', 'list'),
        parameter('more', 'json'),
        parameter('shape', 'string', { options: [{ label: 'Round', value: 'round' }] }),
        parameter('users', 'list', { data_provider: 'Users' }),
        parameter('known', 'string'),
      ],
      ['known'],
    );
    expect(fields.map(({ name, type }) => [name, type])).toEqual([
      ['first_name', 'text'],
      ['count', 'number'],
      ['loud', 'checkbox'],
      ['shape', 'select'],
      ['users', 'multi_select'],
    ]);
    expect(fields[0]).toMatchObject({ label: 'First name', required: true, help_text: 'As in the passport' });
    expect(fields[1]).toMatchObject({ default_value: 3 });
    expect(fields[2]).toEqual({ name: 'loud', label: 'Loud', type: 'checkbox', default_value: false });
  });

  it('is put in order', () => {
    expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a']);
    expect(moved(['a', 'b', 'c'], 2, 0)).toEqual(['c', 'a', 'b']);
    expect(moved(['a'], 5, 0)).toEqual(['a']);
  });

  it('knows where a problem is', () => {
    expect(placeOf('fields[2].validation.min')).toEqual({ field: 2, key: 'validation.min' });
    expect(placeOf('fields[0]')).toEqual({ field: 0, key: '' });
    expect(placeOf('workflow')).toEqual({ field: undefined, key: 'workflow' });
    expect(placeOf('')).toEqual({ field: undefined, key: '' });
  });
});
