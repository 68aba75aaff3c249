/** Creates or changes one setting. A secret’s value is written only. */
import { zodResolver } from '@hookform/resolvers/zod';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useForm } from 'react-hook-form';
import { z } from 'zod';
import { api, call } from '@/api/client';
import { useUserName } from '@/api/names';
import { useMay, useOrganization } from '@/api/session';
import type { ConfigEntry, ConfigType } from '@/api/types';
import { showAtField } from '@/lib/forms';
import { TYPE_NAMES, TYPES } from '@/lib/values';
import { Field, Input, Select, TextArea } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { Ago } from '@/ui/time';
import { done } from '@/ui/toast';
import { useIsInherited } from './inherited';
import { Shares } from './shares';

const form = z
  .object({
    key: z.string().min(1, 'Enter a name.'),
    type: z.enum(TYPES),
    value: z.string(),
    description: z.string(),
  })
  .superRefine(({ type, value }, context) => {
    const problem = problemOf(type, value);
    if (problem !== undefined) context.addIssue({ code: 'custom', path: ['value'], message: problem });
  });

type Values = z.infer<typeof form>;

function problemOf(type: ConfigType, value: string): string | undefined {
  if (type === 'int' && !/^-?\d+$/.test(value.trim())) return 'Enter a whole number, such as 42.';
  if (type === 'secret' && value === '') return 'Enter the secret. It is never shown, so each change needs it again.';
  if (type !== 'json') return undefined;
  try {
    JSON.parse(value);
    return undefined;
  } catch (error) {
    return `This is not JSON: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** The host keeps no value of before: it has to come with each change. */
const AGAIN = 'The current value cannot be shown. To save any change here, enter the value again.';

function valueOf({ type, value }: Values): unknown {
  if (type === 'int') return Number(value);
  if (type === 'bool') return value === 'true';
  return type === 'json' ? JSON.parse(value) : value;
}

function textOf(entry: ConfigEntry | undefined): string {
  if (entry === undefined || entry.is_secret) return '';
  return typeof entry.value === 'string' ? entry.value : JSON.stringify(entry.value, null, 2);
}

export function ConfigDialog({ entry, onClose }: { entry: ConfigEntry | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const may = useMay();
  const organization = useOrganization();
  const isInherited = useIsInherited();
  const { register, handleSubmit, watch, setError, formState } = useForm<Values>({
    resolver: zodResolver(form),
    defaultValues: {
      key: entry?.key ?? '',
      type: entry?.type ?? 'string',
      value: textOf(entry),
      description: entry?.description ?? '',
    },
  });
  const save = useMutation({
    mutationFn: (values: Values) =>
      call(
        api.PUT('/api/config/{key}', {
          params: { path: { key: values.key } },
          body: { value: valueOf(values), type: values.type, description: values.description || null },
        }),
      ),
    onSuccess: async (saved) => {
      done(`“${saved.key}” is saved`);
      onClose();
      await client.invalidateQueries({ queryKey: ['config'] });
    },
    onError: (error) => showAtField<Values>(error, ['key', 'value', 'type', 'description'], setError),
  });
  const type = watch('type');
  const errors = formState.errors;
  const readOnly = !may('config.write');
  const replacesSecret = entry?.is_secret === true && !isInherited(entry);
  const isShareable = entry?.is_secret === true && entry.organization_id == null && organization === undefined && may('platform.organizations');
  return (
    <FormDialog
      title={entry === undefined ? 'New setting' : entry.key}
      description={entry === undefined ? undefined : <About entry={entry} />}
      onClose={onClose}
      onSubmit={() => void handleSubmit((values) => save.mutate(values))()}
      error={save.error}
      busy={save.isPending}
      readOnly={readOnly}
      below={isShareable && <Shares name={entry.key} />}
    >
      {entry === undefined && (
        <Field label="Name" help="The name that code reads it by, such as smtp_host." error={errors.key?.message}>
          {(tied) => <Input {...tied} {...register('key')} spellCheck={false} className="font-mono" autoFocus />}
        </Field>
      )}
      <Field label="Type">
        {(tied) => (
          <Select {...tied} {...register('type')}>
            {TYPES.map((name) => (
              <option key={name} value={name}>
                {TYPE_NAMES[name]}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field
        label="Value"
        error={errors.value?.message}
        help={type === 'secret' ? (replacesSecret ? AGAIN : 'Stored encrypted, and never shown again.') : undefined}
      >
        {(tied) => {
          const field = register('value');
          if (type === 'bool') {
            return (
              <Select {...tied} {...field}>
                <option value="false">No</option>
                <option value="true">Yes</option>
              </Select>
            );
          }
          if (type === 'json') return <TextArea {...tied} {...field} rows={8} spellCheck={false} className="font-mono text-xs" />;
          return (
            <Input
              {...tied}
              {...field}
              type={type === 'secret' ? 'password' : 'text'}
              placeholder={type === 'secret' && replacesSecret ? 'Enter the value again' : undefined}
              autoComplete={type === 'secret' ? 'new-password' : 'off'}
            />
          );
        }}
      </Field>
      <Field label="Description" optional error={errors.description?.message}>
        {(tied) => <Input {...tied} {...register('description')} />}
      </Field>
    </FormDialog>
  );
}

/** Whose the value is, what it hides, and who set it when. */
function About({ entry }: { entry: ConfigEntry }) {
  const isInherited = useIsInherited();
  const nameOf = useUserName();
  return (
    <>
      {isInherited(entry) && 'It is global. What you save here is this organization’s own value. '}
      {entry.overrides && 'It overrides a global value, which applies again once this one is deleted. '}
      Changed <Ago at={entry.updated_at} />
      {entry.updated_by != null && ` by ${nameOf(entry.updated_by)}`}.
    </>
  );
}
