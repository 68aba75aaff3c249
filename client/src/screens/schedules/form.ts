/** What a schedule's form holds, and what it says to the server. */
import { z } from 'zod';
import { api, call } from '@/api/client';
import type { Schedule, Schemas } from '@/api/types';

export const form = z
  .object({
    target: z.enum(['workflow', 'topic']),
    workflow_id: z.string(),
    topic: z.string(),
    name: z.string(),
    cron_expression: z.string().min(1, 'Say when.'),
    timezone: z.string(),
    overlap_policy: z.enum(['skip', 'queue', 'replace']),
    catch_up_policy: z.enum(['none', 'last', 'all']),
    priority: z.enum(['normal', 'bulk']),
    enabled: z.boolean(),
  })
  .superRefine(({ target, workflow_id, topic }, context) => {
    if (target === 'workflow' && workflow_id === '') context.addIssue({ code: 'custom', path: ['workflow_id'], message: 'Choose a workflow.' });
    if (target === 'topic' && topic.trim() === '') context.addIssue({ code: 'custom', path: ['topic'], message: 'Name a topic, such as orders.created.' });
  });

export type Values = z.infer<typeof form>;

export const initial = (schedule: Schedule | undefined, workflow: string | undefined): Values => ({
  target: schedule?.topic == null ? 'workflow' : 'topic',
  workflow_id: schedule?.workflow_id ?? workflow ?? '',
  topic: schedule?.topic ?? '',
  name: schedule?.name ?? '',
  cron_expression: schedule?.cron_expression ?? '0 9 * * *',
  timezone: schedule?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
  overlap_policy: schedule?.overlap_policy ?? 'skip',
  catch_up_policy: schedule?.catch_up_policy ?? 'last',
  priority: schedule?.priority ?? 'normal',
  enabled: schedule?.enabled ?? true,
});

/** A schedule to make. What is for runs says nothing of a topic. */
export function made(values: Values, input: Record<string, unknown>): Schemas['NewScheduleRequest'] {
  const { target, workflow_id, topic, overlap_policy, priority, name, ...rest } = values;
  return {
    ...rest,
    ...(target === 'topic' ? { topic: topic.trim() } : { workflow_id, overlap_policy, priority }),
    name: name || null,
    input_data: input,
  };
}

/** What changes of a schedule; what code says, only code changes. Pausing has a button of its own. */
export function changed(schedule: Schedule, values: Values, input: Record<string, unknown>): Schemas['ChangeScheduleRequest'] {
  const { overlap_policy, catch_up_policy, name, cron_expression, timezone, priority } = values;
  const policies = { ...(values.target === 'topic' ? {} : { overlap_policy, priority }), catch_up_policy };
  if (schedule.source === 'decorator') return policies;
  return {
    ...policies,
    name: name || null,
    cron_expression,
    timezone,
    input_data: input,
  };
}

export const saved = (schedule: Schedule | undefined, values: Values, input: Record<string, unknown>): Promise<{ name: string }> =>
  schedule === undefined
    ? call(api.POST('/api/schedules', { body: made(values, input) }))
    : call(api.PATCH('/api/schedules/{id}', { params: { path: { id: schedule.id } }, body: changed(schedule, values, input) }));
