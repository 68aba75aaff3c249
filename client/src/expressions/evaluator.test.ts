import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Evaluator, type Json, type Scope } from './evaluator';

interface Case {
  source: string;
  scope?: Scope;
  value?: Json;
  error?: string;
}

interface Conformance {
  scope: Scope;
  groups: { name: string; cases: Case[] }[];
}

const here = (path: string) => readFileSync(new URL(path, import.meta.url));
const evaluator = new Evaluator(new WebAssembly.Module(here('expressions.wasm')));
const conformance = JSON.parse(here('../../../host/expressions/conformance.json').toString()) as Conformance;

describe.each(conformance.groups)('$name', ({ cases }) => {
  it.each(cases)('$source', ({ source, scope, value, error }) => {
    const result = evaluator.evaluate(source, scope === undefined ? conformance.scope : scope);
    if (error === undefined) expect(result).toEqual({ ok: true, value });
    else expect(result).toMatchObject({ ok: false, error: { kind: error } });
    expect(evaluator.check(source)?.kind).toBe(error === 'syntax' ? 'syntax' : undefined);
  });
});

describe('the evaluator', () => {
  it('says where a source is wrong, in units of strings', () => {
    const source = "'\u{1F600}' == 'a' and true";
    const wrong = evaluator.check(source);
    expect(wrong).toMatchObject({ kind: 'syntax', message: '`and` is not known here; write `&&`' });
    expect(source.slice(wrong?.from, wrong?.to)).toBe('and');
    expect(evaluator.check('1 +')).toMatchObject({ from: 3, to: 3 });
  });

  it('says where an evaluation failed', () => {
    const source = "'é\u{1F600}' + upper(fields.age)";
    const result = evaluator.evaluate(source, { fields: { age: 7 } });
    if (result.ok) throw new Error('a number has no capitals');
    expect(source.slice(result.error.from, result.error.to)).toBe('fields.age');
  });

  it('knows the fields', () => {
    expect(evaluator.fields('fields.b == 1 || fields["first name"] == fields.a')).toEqual(['a', 'b', 'first name']);
    expect(evaluator.fields('fields.b ==')).toEqual([]);
  });

  it('takes null for a condition that does not hold', () => {
    expect(evaluator.evaluateBool('fields.agreed', { fields: {} })).toEqual({ ok: true, value: false });
    expect(evaluator.evaluateBool('fields.a > 1', { fields: { a: 2 } })).toEqual({ ok: true, value: true });
    expect(evaluator.evaluateBool('fields.a', { fields: { a: 2 } })).toMatchObject({ ok: false, error: { kind: 'type' } });
  });

  it('refuses what is no text, and goes on', () => {
    const scope = { fields: { a: '\ud83d' } };
    expect(evaluator.evaluate('fields.a', scope)).toMatchObject({ ok: false, error: { kind: 'request' } });
    expect(evaluator.evaluate('1 + 1', scope)).toMatchObject({ ok: false, error: { kind: 'request' } });
    expect(evaluator.evaluate('1 + 1', { fields: {} })).toEqual({ ok: true, value: 2 });
  });

  it('does not grow with use', () => {
    const scope = { fields: { list: Array.from({ length: 1_000 }, (_, at) => `item ${at}`) } };
    const run = () => evaluator.evaluate('size(fields.list.map(i, upper(i)))', scope);
    expect(run()).toEqual({ ok: true, value: 1_000 });
    const before = evaluator.memory;
    for (let count = 0; count < 100; count += 1) run();
    expect(evaluator.memory).toBe(before);
  });
});
