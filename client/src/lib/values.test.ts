import { describe, expect, it } from 'vitest';
import type { IntegrationField } from '@/api/types';
import { enteredOf, objectOf, valueOf } from './entered';
import { changedValues, enteredValues } from './values';

const SCHEMA: IntegrationField[] = [
  { key: 'base_url', type: 'string' },
  { key: 'retries', type: 'int' },
  { key: 'loud', type: 'bool' },
  { key: 'more', type: 'json' },
  { key: 'api_key', type: 'secret' },
];

const BEFORE = { base_url: 'https://a', retries: 3, loud: false, more: { a: 1 } };

describe('values of an integration', () => {
  const entered = enteredValues(SCHEMA, BEFORE);
  const change = (part: Record<string, string>, taken: string[] = []) => changedValues(SCHEMA, BEFORE, { ...entered, ...part }, new Set(taken));

  it('are sent only where they have changed', () => {
    expect(change({})).toEqual({ changes: {} });
    expect(change({ base_url: 'https://b', retries: '0', loud: 'true', more: '[1]' })).toEqual({
      changes: { base_url: 'https://b', retries: 0, loud: true, more: [1] },
    });
  });

  it('are taken away where a field is emptied', () => {
    expect(change({ base_url: '', loud: '', more: '' })).toEqual({ changes: { base_url: null, loud: null, more: null } });
  });

  it('that are secret stay, unless they are entered or taken away', () => {
    expect(enteredValues(SCHEMA, { ...BEFORE, api_key: 's3cret' }).api_key).toBe('');
    expect(change({ api_key: ' x ' })).toEqual({ changes: { api_key: ' x ' } });
    expect(change({}, ['api_key'])).toEqual({ changes: { api_key: null } });
    expect(change({ api_key: 'x' }, ['api_key'])).toEqual({ changes: { api_key: 'x' } });
  });

  it('say what is wrong, all at once', () => {
    const result = change({ retries: '3.5', more: '{' });
    expect('problems' in result && Object.keys(result.problems)).toEqual(['retries', 'more']);
    expect(change({ retries: '9007199254740993' })).toHaveProperty('problems.retries');
  });
});

describe('a value in one line', () => {
  it('is JSON where it is some, else a text', () => {
    expect(['7', 'true', 'null', '"7"', '[1]', 'open', '', ' a'].map(valueOf)).toEqual([7, true, null, '7', [1], 'open', '', ' a']);
  });

  it('survives being shown and entered again', () => {
    for (const value of [7, -1.5, true, null, 'open', '7', 'true', 'null', '', ' a ', '"quoted"', '{', [1, 'a'], { a: { b: null } }]) {
      expect(valueOf(enteredOf(value)), enteredOf(value)).toEqual(value);
    }
  });

  it('an object is told from everything else', () => {
    expect(objectOf('{"a": 1}')).toEqual({ value: { a: 1 } });
    for (const text of ['[]', 'null', '7', '{', '']) expect(objectOf(text), text).toHaveProperty('problem');
  });
});
