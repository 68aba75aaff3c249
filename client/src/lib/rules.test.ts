import { describe, expect, it } from 'vitest';
import { problemOf, rulesOf } from './rules';

describe('rules of a parameter', () => {
  it('are read from a schema and from a decorator', () => {
    const same = { minimum: 1, maximum: 9 };
    expect(rulesOf({ type: 'integer', minimum: 1, maximum: 9 })).toEqual(same);
    expect(rulesOf({ min: 1, max: 9 })).toEqual(same);
    expect(rulesOf({ minItems: 0, most: 3, max_length: 2, 'x-message': 'No.' })).toEqual({ least: 0, most: 2, message: 'No.' });
    expect(rulesOf({ pattern: 7, min: '1', message: ' ' })).toEqual({});
  });

  it('hold for values of their type', () => {
    const text = { pattern: '^[a-z]+$', least: 2, most: 4 };
    for (const value of ['ab', 'abcd', undefined, null, 7]) expect(problemOf(text, value), String(value)).toBeUndefined();
    expect(problemOf(text, 'a')).toBe('Enter 2 to 4 characters.');
    expect(problemOf(text, 'AB')).toBe('Enter a text that fits ^[a-z]+$');
    expect(problemOf({ most: 1 }, '🙂')).toBeUndefined();
    expect(problemOf({ minimum: 1, maximum: 2.5 }, 3)).toBe('Enter 1 to 2.5.');
    expect(problemOf({ minimum: 1 }, 0)).toBe('Enter at least 1.');
    expect(problemOf({ least: 1 }, [])).toBe('Give at least 1 entry.');
    expect(problemOf({ most: 2 }, [1, 2, 3])).toBe('Give at most 2 entries.');
    expect(problemOf({ minimum: 1, message: 'One or more.' }, 0)).toBe('One or more.');
  });

  it('leave what the browser cannot read to the server', () => {
    for (const pattern of ['(', '(?P<year>[0-9]+)', '(?i)^a', '[[:alpha:]]']) expect(problemOf({ pattern }, '-'), pattern).toBeUndefined();
  });
});
