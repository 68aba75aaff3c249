import { describe, expect, it } from 'vitest';
import { toQuery } from '@/screens/runs/query';
import { oneOf, parseSearch, positive, stringifySearch, text, uuid } from './search';

describe('state in the URL', () => {
  it('is plain pairs that survive the way there and back', () => {
    const search = { q: 'a&b = c', status: 'Failed', line: '12' };
    expect(stringifySearch(search)).toBe('?q=a%26b+%3D+c&status=Failed&line=12');
    expect(parseSearch(stringifySearch(search))).toEqual(search);
    expect(stringifySearch({ q: undefined, empty: '' })).toBe('');
  });

  it('takes only what fits', () => {
    expect(text('')).toBeUndefined();
    expect(text('x'.repeat(501))).toBeUndefined();
    expect(oneOf(['a', 'b'], 'c')).toBeUndefined();
    expect(positive('12')).toBe(12);
    for (const bad of ['0', '-1', '1.5', '1e3', 'x', undefined]) expect(positive(bad)).toBeUndefined();
    expect(uuid('01997f3e-7c1b-7c11-9d7b-0d5c8f6f2a11')).toBeDefined();
    expect(uuid('../../api')).toBeUndefined();
  });
});

describe('filters of runs', () => {
  it('make days of the reader instants, the last one whole', () => {
    const { start_date, end_date } = toQuery({ from: '2026-01-31', to: '2026-01-31' });
    const hours = (Date.parse(end_date ?? '') - Date.parse(start_date ?? '')) / 3_600_000;
    expect(hours).toBe(24);
  });

  it('leave instants as they are, and nothing where nothing is set', () => {
    expect(toQuery({ from: '2026-01-31T12:00:00.000Z' })).toEqual({ start_date: '2026-01-31T12:00:00.000Z' });
    expect(toQuery({ sort: 'status' })).toEqual({});
  });
});
