import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Evaluator, type FormInput, type FormState } from './evaluator';

interface Case {
  input: Partial<FormInput>;
  state: Partial<FormState>;
}

interface Conformance {
  forms: { name: string; form: object; cases: Case[] }[];
}

const here = (path: string) => readFileSync(new URL(path, import.meta.url));
const evaluator = new Evaluator(new WebAssembly.Module(here('expressions.wasm')));
const conformance = JSON.parse(here('../../../host/forms/conformance.json').toString()) as Conformance;
const filled = (input: Partial<FormInput>): FormInput => ({ values: {}, context: {}, now: '', ...input });

describe.each(conformance.forms)('$name', ({ form, cases }) => {
  it.each(cases)('$input', ({ input, state }) => {
    const got = evaluator.form(form, filled(input));
    expect(got).toMatchObject(state);
    if (state.data !== undefined) expect(got.data).toEqual(state.data);
  });
});

describe('a form', () => {
  const order = { name: 'Order', workflow: 'order', fields: [{ name: 'count', label: 'Count', type: 'number', required: true }] };

  it('is read with what the server tells of it', () => {
    const saved = { ...order, id: 'f1', revision: 3, may_edit: true };
    expect(evaluator.form(saved, filled({ values: { count: 1 } }))).toEqual({
      fields: { count: { visible: true, enabled: true, required: true, default: null, needs_default: false, error: null } },
      data: { count: 1 },
      unknown: [],
      is_valid: true,
    });
  });

  it('is refused when it is none, and the next one is decided', () => {
    expect(() => evaluator.form({ name: 'x' }, filled({}))).toThrow('workflow: is missing');
    expect(() => evaluator.form(order, filled({ values: { count: '\ud83d' } }))).toThrow();
    expect(evaluator.form(order, filled({})).fields.count?.error).toBe('Fill this in');
  });
});
