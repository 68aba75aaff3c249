/** Makes or changes a schedule, and shows when it comes. */
import { zodResolver } from '@hookform/resolvers/zod';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { Controller, useForm } from 'react-hook-form';
import { z } from 'zod';
import { api, call } from '@/api/client';
import { workflowsQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import type { Schedule } from '@/api/types';
import { cronWords, PRESETS, timeZones } from '@/lib/cron';
import { showAtField } from '@/lib/forms';
import { ParametersForm, type Input, type ParametersHandle } from '@/screens/workflow/parameters-form';
import { Button } from '@/ui/button';
import { Combobox } from '@/ui/combobox';
import { Dialog, DialogActions } from '@/ui/dialog';
import { CheckField, Field, Input as TextInput, Select } from '@/ui/field';
import { FormError } from '@/ui/states';
import { done } from '@/ui/toast';
import { Preview } from './preview';
import { ScheduleActions } from './schedule-actions';

const form = z.object({
  workflow_id: z.string().min(1, 'Choose a workflow.'),
  name: z.string(),
  cron_expression: z.string().min(1, 'Say when.'),
  timezone: z.string(),
  overlap_policy: z.enum(['skip', 'queue', 'replace']),
  catch_up_policy: z.enum(['none', 'last', 'all']),
  priority: z.enum(['normal', 'bulk']),
  enabled: z.boolean(),
});

type Values = z.infer<typeof form>;

function initial(schedule: Schedule | undefined, workflow: string | undefined): Values {
  return {
    workflow_id: schedule?.workflow_id ?? workflow ?? '',
    name: schedule?.name ?? '',
    cron_expression: schedule?.cron_expression ?? '0 9 * * *',
    timezone: schedule?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    overlap_policy: schedule?.overlap_policy ?? 'skip',
    catch_up_policy: schedule?.catch_up_policy ?? 'last',
    priority: schedule?.priority ?? 'normal',
    enabled: schedule?.enabled ?? true,
  };
}

interface Props {
  schedule: Schedule | undefined;
  /** Chosen at first, for a new one. */
  workflow: string | undefined;
  onClose: () => void;
}

export function ScheduleDialog({ schedule, workflow, onClose }: Props) {
  const client = useQueryClient();
  const organization = useOrganization();
  const { data: workflows = [] } = useQuery(workflowsQuery(organization));
  const { register, control, handleSubmit, watch, setValue, setError, formState } = useForm<Values>({
    resolver: zodResolver(form),
    defaultValues: initial(schedule, workflow),
  });
  const save = useMutation({
    mutationFn: ({ workflow_id, name, input, ...rest }: Values & { input: Input }) => {
      const { overlap_policy, catch_up_policy, priority, enabled } = rest;
      if (schedule === undefined) {
        return call(
          api.POST('/api/schedules', { body: { workflow_id, input_data: input, name: name || null, ...rest } }),
        );
      }
      // What code says, only code changes.
      const body =
        schedule.source === 'decorator'
          ? { overlap_policy, catch_up_policy, priority, enabled }
          : { input_data: input, name: name || null, ...rest };
      return call(api.PATCH('/api/schedules/{id}', { params: { path: { id: schedule.id } }, body }));
    },
    onSuccess: async (saved) => {
      done(`“${saved.name}” is saved`);
      onClose();
      await client.invalidateQueries({ queryKey: ['schedules'] });
    },
    onError: (error) =>
      showAtField<Values>(error, ['cron_expression', 'timezone', 'name', 'workflow_id'], setError),
  });
  const errors = formState.errors;
  const fixed = schedule?.source === 'decorator';
  const [cron, zone, chosen] = watch(['cron_expression', 'timezone', 'workflow_id']);
  const started = workflows.find(({ id }) => id === chosen);
  const parameters = useRef<ParametersHandle>(null);
  const submit = handleSubmit(async (values) => {
    const input = fixed || parameters.current === null ? (schedule?.input_data ?? {}) : await parameters.current.read();
    if (input !== undefined) save.mutate({ ...values, input: input as Input });
  });
  return (
    <Dialog
      open
      side
      onClose={onClose}
      title={schedule?.name ?? 'New schedule'}
      description={fixed ? 'It stands in code; here it can be paused, and its policies set.' : undefined}
    >
      {schedule !== undefined && <ScheduleActions schedule={schedule} onGone={onClose} />}
      <form className="grid gap-4" noValidate onSubmit={submit}>
        <FormError error={save.error} />
        {schedule === undefined && (
          <Field label="Workflow" error={errors.workflow_id?.message}>
            {(tied) => (
              <Controller
                name="workflow_id"
                control={control}
                render={({ field }) => (
                  <Combobox
                    {...tied}
                    label="Workflow"
                    value={field.value}
                    onChange={field.onChange}
                    options={workflows
                      .filter(({ kind }) => kind !== 'data_provider')
                      .map(({ id, name, category }) => ({ value: id, label: name, hint: category }))}
                    className="w-full"
                  />
                )}
              />
            )}
          </Field>
        )}
        <fieldset disabled={fixed} className="grid gap-4 disabled:opacity-60">
          <Field label="Name" optional error={errors.name?.message}>
            {(tied) => <TextInput {...tied} {...register('name')} />}
          </Field>
          <Field
            label="When"
            help={cronWords(cron) ?? 'Minute, hour, day, month, weekday.'}
            error={errors.cron_expression?.message}
          >
            {(tied) => <TextInput {...tied} {...register('cron_expression')} spellCheck={false} className="font-mono" />}
          </Field>
          <div className="-mt-2 flex flex-wrap gap-1.5">
            {PRESETS.map(({ label, expression }) => (
              <Button
                key={expression}
                size="small"
                aria-pressed={cron === expression}
                onClick={() => setValue('cron_expression', expression, { shouldValidate: true })}
              >
                {label}
              </Button>
            ))}
          </div>
          <Field label="Time zone" error={errors.timezone?.message}>
            {(tied) => (
              <Controller
                name="timezone"
                control={control}
                render={({ field }) => (
                  <Combobox
                    {...tied}
                    label="Time zone"
                    value={field.value}
                    onChange={field.onChange}
                    options={timeZones().map((name) => ({ value: name, label: name }))}
                    className="w-full"
                  />
                )}
              />
            )}
          </Field>
          <Preview cron={cron} zone={zone} />
          {started !== undefined && (
            <ParametersForm key={started.id} ref={parameters} workflow={started} input={(schedule?.input_data ?? {}) as Input} />
          )}
        </fieldset>
        <Field label="When an earlier run has not ended">
          {(tied) => (
            <Select {...tied} {...register('overlap_policy')}>
              <option value="skip">Leave this one out</option>
              <option value="queue">Wait for its end</option>
              <option value="replace">Cancel the earlier one</option>
            </Select>
          )}
        </Field>
        <Field label="After the platform was down">
          {(tied) => (
            <Select {...tied} {...register('catch_up_policy')}>
              <option value="none">Leave out what was missed</option>
              <option value="last">Make up for the last time</option>
              <option value="all">Make up for all of the last 24 hours</option>
            </Select>
          )}
        </Field>
        <Field label="When workers are busy">
          {(tied) => (
            <Select {...tied} {...register('priority')}>
              <option value="normal">Take turns with other runs</option>
              <option value="bulk">Wait until nothing else does</option>
            </Select>
          )}
        </Field>
        <CheckField label="On" help="Off: paused; its times pass without a run." {...register('enabled')} />
        <DialogActions>
          <Button onClick={onClose}>Discard</Button>
          <Button type="submit" look="primary" busy={save.isPending}>
            Save
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
