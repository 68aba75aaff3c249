/** What a new schedule is for: a workflow that starts, or a topic that is emitted. */
import { useQuery } from '@tanstack/react-query';
import { useId } from 'react';
import { Controller, type Control, type FieldErrors, type UseFormRegister } from 'react-hook-form';
import { webhooksQuery, workflowsQuery } from '@/api/queries';
import { useMay, useOrganization } from '@/api/session';
import { Combobox } from '@/ui/combobox';
import { Field, Input } from '@/ui/field';
import { FieldGroup } from '@/ui/field-group';
import type { Values } from './form';

interface Props {
  control: Control<Values>;
  register: UseFormRegister<Values>;
  target: Values['target'];
  errors: FieldErrors<Values>;
}

const TARGETS = [
  ['workflow', 'Start a workflow'],
  ['topic', 'Emit a topic'],
] as const;

export function Target({ control, register, target, errors }: Props) {
  const organization = useOrganization();
  const { data: workflows = [] } = useQuery(workflowsQuery(organization));
  return (
    <>
      <FieldGroup label="What it does">
        <div className="flex flex-wrap gap-x-5 gap-y-1">
          {TARGETS.map(([value, label]) => (
            <label key={value} className="flex min-h-6 items-center gap-2 text-ui">
              <input type="radio" value={value} {...register('target')} className="size-4" />
              {label}
            </label>
          ))}
        </div>
      </FieldGroup>
      {target === 'workflow' ? (
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
      ) : (
        <Topic register={register} error={errors.topic?.message} />
      )}
    </>
  );
}

function Topic({ register, error }: { register: Props['register']; error: string | undefined }) {
  const organization = useOrganization();
  const may = useMay();
  const list = useId();
  const { data: webhooks = [] } = useQuery({ ...webhooksQuery(organization), enabled: may('webhooks.manage') });
  const topics = webhooks.flatMap(({ topic }) => topic ?? []);
  return (
    <Field label="Topic" help="Whatever subscribes to it starts. A topic is made under Webhooks; such as orders.created." error={error}>
      {(tied) => (
        <>
          <Input {...tied} {...register('topic')} list={list} spellCheck={false} className="font-mono" />
          <datalist id={list}>
            {topics.map((topic) => (
              <option key={topic} value={topic} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}
