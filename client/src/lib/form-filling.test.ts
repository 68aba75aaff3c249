import { describe, expect, it } from 'vitest';
import type { FormField } from '@/api/forms';
import type { FieldState, FormState, Json } from '@/expressions';
import { chosenOf, dependencies, fitting, providerOf, settle } from './form-filling';
import type { Values } from './form-values';

const text = (name: string, more: Partial<FormField> = {}): FormField => ({ name, label: name, type: 'text', ...more });

/** What an evaluator says: these defaults, and whatever else. */
function state(defaults: Record<string, Json>, more: Partial<FieldState> = {}): FormState {
  const fields = Object.entries(defaults).map(([name, value]) => [
    name,
    { visible: true, enabled: true, required: false, default: value, needs_default: false, error: null, ...more },
  ]);
  return { fields: Object.fromEntries(fields) as FormState['fields'], data: {}, unknown: [], is_valid: true };
}

describe('a form that is filled in', () => {
  const fields = [text('a'), text('b'), text('n', { type: 'number' })];

  it('shows defaults where nothing was entered, and asks with what was', () => {
    const asked: Values[] = [];
    const settled = settle(fields, { b: '', n: '7' }, {}, (values) => {
      asked.push(values);
      return state({ a: 'x', b: 'y', n: 3 });
    });
    expect(asked).toEqual([{ b: null, n: 7 }]);
    expect(settled.entered).toEqual({ a: 'x', b: '', n: '7' });
  });

  it('shows the default of what cannot be changed', () => {
    const settled = settle(fields, { a: 'mine' }, {}, () => state({ a: 'x', b: null, n: 3 }, { enabled: false }));
    expect(settled.entered).toEqual({ a: 'x', b: '', n: '3' });
  });

  it('tells the errors of what can be seen', () => {
    const decide = (more: Partial<FieldState>) => () => state({ a: null, b: null, n: null }, { error: 'Fill this in', ...more });
    const entered = { n: 'many' };
    expect(settle(fields, entered, {}, decide({})).errors).toEqual({
      a: 'Fill this in',
      b: 'Fill this in',
      n: 'Enter a number, such as 4.2',
    });
    expect(settle(fields, entered, {}, decide({ enabled: false })).errors.n).toBe('Fill this in');
    expect(settle(fields, entered, {}, decide({ visible: false })).errors).toEqual({});
  });

  it('asks with the options that matter', () => {
    const choice = [text('a', { type: 'select' }), text('b', { type: 'multi_select' }), text('n', { type: 'select' })];
    const options = [
      { label: 'One', value: 1, metadata: { zone: 'UTC' } },
      { label: 'Two', value: 2 },
    ];
    let asked: Record<string, Json[]> = {};
    settle(choice, { a: 1, b: [2, 3] }, { a: options, b: options, n: options }, (_, relevant) => {
      asked = relevant;
      return state({});
    });
    const [one, two] = [{ value: 1, metadata: { zone: 'UTC' } }, { value: 2, metadata: null }];
    expect(asked).toEqual({ a: [one], b: [two], n: [one, two] });
  });
});

describe('choices of a data provider', () => {
  const options = [
    { label: 'One', value: 1 },
    { label: 'Pair', value: { id: 2 } },
  ];

  it('depend on fields', () => {
    const field = text('a', {
      data_provider_inputs: {
        x: { mode: 'fieldRef', field_name: 'b' },
        y: { mode: 'expression', expression: 'fields.b + fields.c' },
        z: { mode: 'static', value: 1 },
      },
    });
    expect(dependencies(field, 'options', () => ['b', 'c'])).toEqual(['b', 'c']);
  });

  it('are others than that of the default', () => {
    const field = text('a', {
      data_provider: 'Cities',
      default_data_provider: 'Home',
      default_data_provider_inputs: { x: { mode: 'fieldRef', field_name: 'd' }, y: { mode: 'static', value: 1 } },
    });
    expect(providerOf(field, 'options')).toEqual({ name: 'Cities', inputs: {} });
    expect(providerOf(field, 'default').name).toBe('Home');
    expect(dependencies(field, 'default', () => [])).toEqual(['d']);
    expect(dependencies(field, 'options', () => [])).toEqual([]);
    expect(providerOf(text('b'), 'default')).toEqual({ name: '', inputs: {} });
  });

  it('are kept as far as they are still there', () => {
    const one = text('a', { type: 'select' });
    const many = text('a', { type: 'multi_select' });
    expect(fitting(one, 1, options)).toBe(1);
    expect(fitting(one, '1', options)).toBe('');
    expect(fitting(one, '', options)).toBe('');
    const both = [1, { id: 2 }];
    expect(fitting(many, both, options)).toBe(both);
    expect(fitting(many, [1, 3], options)).toEqual([1]);
    expect(chosenOf({ id: 2 }, options)).toEqual([options[1]]);
  });
});
