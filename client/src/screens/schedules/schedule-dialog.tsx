/** Makes or changes a schedule, and shows when it comes. */
import { zodResolver } from '@hookform/resolvers/zod';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo, useRef } from 'react';
import { Controller, useForm } from 'react-hook-form';
import { workflowQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import type { Schedule } from '@/api/types';
import { cronWords, PRESETS, timeZones } from '@/lib/cron';
import { showAtField } from '@/lib/forms';
import { fieldsOfWorkflow } from '@/lib/parameters';
import { ParametersForm, type Input, type ParametersHandle } from '@/screens/workflow/parameters-form';
import { Button } from '@/ui/button';
import { Combobox } from '@/ui/combobox';
import { Dialog, DialogActions } from '@/ui/dialog';
import { CheckField, Field, Input as TextInput, Select } from '@/ui/field';
import { FormError, Show, Skeleton } from '@/ui/states';
import { done } from '@/ui/toast';
import { Preview } from './preview';
import { form, initial, saved, type Values } from './form';
import { ScheduleActions } from './schedule-actions';
import { Target } from './target';

/** A topic has no parameters of its own. */
const NONE: [] = [];

interface Props {
  schedule: Schedule | undefined;
  /** Chosen at first, for a new one. */
  workflow: string | undefined;
  onClose: () => void;
}

export function ScheduleDialog({ schedule, workflow, onClose }: Props) {
  const client = useQueryClient();
  const organization = useOrganization();
  const { register, control, handleSubmit, watch, setValue, setError, formState } = useForm<Values>({
    resolver: zodResolver(form),
    defaultValues: initial(schedule, workflow),
  });
  const save = useMutation({
    mutationFn: ({ input, ...values }: Values & { input: Input }) => saved(schedule, values, input),
    onSuccess: async ({ name }) => {
      done(`“${name}” is saved`);
      onClose();
      await client.invalidateQueries({ queryKey: ['schedules'] });
    },
    onError: (error) => showAtField<Values>(error, ['cron_expression', 'timezone', 'name', 'workflow_id', 'topic', 'priority'], setError),
  });
  const errors = formState.errors;
  const fixed = schedule?.source === 'decorator';
  const [cron, zone, target, chosen] = watch(['cron_expression', 'timezone', 'target', 'workflow_id']);
  const started = useQuery({ ...workflowQuery(organization, chosen), enabled: target === 'workflow' && chosen !== '' });
  const fields = useMemo(() => (started.data === undefined ? [] : fieldsOfWorkflow(started.data)), [started.data]);
  const parameters = useRef<ParametersHandle>(null);
  const before = (schedule?.input_data ?? {}) as Input;
  const submit = handleSubmit(async (values) => {
    const input = fixed || parameters.current === null ? before : await parameters.current.read();
    if (input !== undefined) save.mutate({ ...values, input });
  });
  return (
    <Dialog
      open
      side
      onClose={onClose}
      title={schedule?.name ?? 'New schedule'}
      description={about(schedule, fixed)}
    >
      {schedule !== undefined && <ScheduleActions schedule={schedule} onGone={onClose} />}
      <form className="grid gap-4" noValidate onSubmit={submit}>
        <FormError error={save.error} />
        {schedule === undefined && <Target control={control} register={register} target={target} errors={errors} />}
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
          {target === 'topic' && <ParametersForm ref={parameters} fields={NONE} input={before} legend="What it says" />}
          {target === 'workflow' && chosen !== '' && (
            <Show query={started} skeleton={<Skeleton className="h-24" />}>
              {({ id }) => <ParametersForm key={id} ref={parameters} fields={fields} input={before} />}
            </Show>
          )}
        </fieldset>
        {target === 'workflow' && (
          <Field label="When an earlier run has not ended">
            {(tied) => (
              <Select {...tied} {...register('overlap_policy')}>
                <option value="skip">Leave this one out</option>
                <option value="queue">Wait for its end</option>
                <option value="replace">Cancel the earlier one</option>
              </Select>
            )}
          </Field>
        )}
        <Field label="After the platform was down">
          {(tied) => (
            <Select {...tied} {...register('catch_up_policy')}>
              <option value="none">Leave out what was missed</option>
              <option value="last">Make up for the last time</option>
              <option value="all">Make up for all of the last 24 hours</option>
            </Select>
          )}
        </Field>
        {target === 'workflow' && (
          <Field label="When workers are busy" error={errors.priority?.message}>
            {(tied) => (
              <Select {...tied} {...register('priority')}>
                <option value="normal">Take turns with other runs</option>
                <option value="bulk">Wait until nothing else does</option>
              </Select>
            )}
          </Field>
        )}
        {schedule === undefined && <CheckField label="On" help="Off: paused; its times pass without a run." {...register('enabled')} />}
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={save.isPending} disabled={started.isLoading}>
            Save
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function about(schedule: Schedule | undefined, fixed: boolean): string | undefined {
  if (fixed) return 'It stands in code; here it can be paused, and its priority and its policies set.';
  return schedule?.topic == null ? undefined : `It emits ${schedule.topic}.`;
}
