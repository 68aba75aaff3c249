import { describe, expect, it } from 'vitest';
import type { Schedule } from '@/api/types';
import { changed, form, initial, made } from './form';

const values = { ...initial(undefined, 'w'), cron_expression: '0 9 * * *', timezone: 'UTC', name: '' };

describe('a schedule', () => {
  it('starts a workflow, or emits a topic', () => {
    expect(made(values, { a: 1 })).toEqual({
      workflow_id: 'w',
      name: null,
      cron_expression: '0 9 * * *',
      timezone: 'UTC',
      overlap_policy: 'skip',
      catch_up_policy: 'last',
      priority: 'normal',
      enabled: true,
      input_data: { a: 1 },
    });
    const topic = made({ ...values, target: 'topic', topic: ' day.begun ', priority: 'bulk' }, {});
    expect(topic).toMatchObject({ topic: 'day.begun', catch_up_policy: 'last' });
    for (const part of ['workflow_id', 'overlap_policy', 'priority']) expect(topic).not.toHaveProperty(part);
  });

  it('needs one of the two', () => {
    const problems = (part: object) => form.safeParse({ ...values, ...part }).error?.issues.map(({ path }) => path[0]);
    expect(problems({})).toBeUndefined();
    expect(problems({ workflow_id: '' })).toEqual(['workflow_id']);
    expect(problems({ target: 'topic', topic: ' ' })).toEqual(['topic']);
  });

  it('changes only what is its own', () => {
    const schedule = { source: 'api', workflow_id: 'w' } as Schedule;
    expect(changed(schedule, { ...values, priority: 'bulk' }, {})).toMatchObject({ priority: 'bulk', cron_expression: '0 9 * * *', name: null });
    expect(changed({ ...schedule, source: 'decorator' }, { ...values, priority: 'bulk' }, {})).toEqual({
      overlap_policy: 'skip',
      catch_up_policy: 'last',
      priority: 'bulk',
    });
    expect(initial({ ...schedule, topic: 'day.begun', workflow_id: null }, undefined)).toMatchObject({ target: 'topic', topic: 'day.begun', workflow_id: '' });
  });
});
