import { describe, expect, it } from 'vitest';
import { matching, queryFor } from '@/screens/forms/query';
import type { FormSummary } from '@/api/forms';
import { texts } from './search';
import { fileProblem } from './upload';
import { startOf } from './when';

const now = new Date('2026-11-26T12:00:00Z');

describe('the start of a run', () => {
  it('is now, at a time or in a while', () => {
    expect(startOf({ kind: 'now' }, now)).toEqual({});
    expect(startOf({ kind: 'in', minutes: ' 90 ' }, now)).toEqual({ delay_seconds: 5_400 });
    expect(startOf({ kind: 'at', at: '2026-11-27T12:00:00Z' }, now)).toEqual({ scheduled_at: '2026-11-27T12:00:00.000Z' });
  });

  it('is within a year', () => {
    for (const minutes of ['', '0', '-5', '1.5', '525601', 'soon']) {
      expect(startOf({ kind: 'in', minutes }, now), minutes).toHaveProperty('problem');
    }
    for (const at of ['', '2026-11-26T12:00:00Z', '2020-01-01T00:00', '2027-12-01T00:00']) {
      expect(startOf({ kind: 'at', at }, now), at).toHaveProperty('problem');
    }
  });
});

describe('files', () => {
  const file = (name: string, type: string, size = 10) => ({ name, type, size });

  it('are looked at before they are sent', () => {
    const pictures = { allowed_types: ['image/*', 'application/pdf'], max_size_mb: 1 };
    expect(fileProblem(pictures, file('a.png', 'image/png'))).toBeUndefined();
    expect(fileProblem(pictures, file('a.pdf', 'Application/PDF'))).toBeUndefined();
    expect(fileProblem(pictures, file('a.xyz', ''))).toBeUndefined();
    expect(fileProblem(pictures, file('a.txt', 'text/plain'))).toContain('image/* or application/pdf');
    expect(fileProblem(pictures, file('a.png', 'image/png', 1_048_577))).toContain('at most 1 MiB');
    expect(fileProblem(pictures, file('a.png', 'image/png', 0))).toContain('empty');
    expect(fileProblem({}, file('a', 'x/y', 33_554_432))).toBeUndefined();
    expect(fileProblem({}, file('a', 'x/y', 33_554_433))).toContain('32 MiB');
  });
});

describe('addresses of forms', () => {
  it('bring what the form takes, and no more', () => {
    const form = {
      query_parameters: ['team', 'constructor'],
      fields: [
        { name: 'customer', type: 'text' as const, allow_as_query_param: true },
        { name: 'secret', type: 'text' as const },
      ],
    };
    const search = texts({ team: 'a', customer: 'b', secret: 'c', org: 'd', number: 1, long: 'x'.repeat(2_001) });
    expect(search).toEqual({ team: 'a', customer: 'b', secret: 'c' });
    expect(queryFor(form, search)).toEqual({ team: 'a', customer: 'b' });
  });

  it('search by all words', () => {
    const form = (name: string, workflow_name: string) => ({ name, workflow_name, description: null }) as FormSummary;
    const all = [form('New user', 'Create'), form('Leaving user', 'Remove')];
    expect(matching(all, 'USER rem').map(({ name }) => name)).toEqual(['Leaving user']);
    expect(matching(all, undefined)).toHaveLength(2);
  });
});
