import { describe, expect, it } from 'vitest';
import { among, chips, taken, toQuery } from '@/screens/runs/query';
import { oneOf, parseSearch, positive, someOf, stringifySearch, text, uuid } from './search';

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
    expect(someOf(['a', 'b', 'c'], 'c,x,a,a')).toBe('a,c');
    for (const none of ['', 'x', ',', undefined]) expect(someOf(['a'], none)).toBeUndefined();
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
    expect(toQuery({})).toEqual({});
  });

  it('are asked of the server, all of them', () => {
    const search = { status: 'Failed,Timeout', person: 'p', origin: 'form', error: 'KeyError' } as const;
    expect(toQuery(search)).toEqual({ status: 'Failed,Timeout', executed_by: 'p', origin: 'form', error_type: 'KeyError' });
  });

  it('are added and taken out one by one', () => {
    expect(among(undefined, 'Failed')).toBe('Failed');
    expect(among('Timeout', 'Failed')).toBe('Timeout,Failed');
    expect(among('Timeout', 'Timeout')).toBe('Timeout');
    expect(taken('Timeout,Failed', 'Timeout')).toBe('Failed');
    expect(taken('Failed', 'Failed')).toBeUndefined();
  });

  it('stand there in words, each with what takes it out', () => {
    const names = { workflow: () => 'Onboard', person: () => 'Ada' };
    const all = chips({ status: 'Failed,Timeout', workflow: 'w', person: 'p', origin: 'schedule', schedule: 's' }, names);
    expect(all.map(({ label }) => label)).toEqual(['Failed', 'Timed out', 'Onboard', 'By Ada', 'By a schedule', 'Of one schedule']);
    expect(all[0]?.without).toEqual({ status: 'Timeout' });
    expect(all[2]?.without).toEqual({ workflow: undefined });
    // Days have fields of their own.
    expect(chips({ from: '2026-01-31', to: '2026-01-31', error: 'KeyError' }, names)).toEqual([]);
    expect(chips({ from: '2026-01-31T12:00:00.000Z' }, names)).toHaveLength(1);
  });
});
