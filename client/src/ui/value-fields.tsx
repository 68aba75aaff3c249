/** A field for each value that a schema has. Secrets are written only. */
import { useState } from 'react';
import type { IntegrationField } from '@/api/types';
import { changedValues, enteredValues, shown, type Entered, type Values } from '@/lib/values';
import { CheckField, Field, Input, Select, TextArea } from '@/ui/field';

/** Whether a secret has a value; nobody may know. */
export type SecretState = 'set' | 'unset' | 'unknown';

/** What a form of values holds. */
export interface ValuesForm {
  entered: Entered;
  taken: ReadonlySet<string>;
  problems: Record<string, string>;
  set: (key: string, text: string) => void;
  take: (key: string, away: boolean) => void;
  /** What has changed; nothing while something is wrong. */
  read: () => Values | undefined;
}

export function useValuesForm(schema: readonly IntegrationField[], before: Values): ValuesForm {
  const [entered, setEntered] = useState(() => enteredValues(schema, before));
  const [taken, setTaken] = useState<ReadonlySet<string>>(new Set());
  const [problems, setProblems] = useState<Record<string, string>>({});
  return {
    entered,
    taken,
    problems,
    set: (key, text) => setEntered((old) => ({ ...old, [key]: text })),
    take: (key, away) =>
      setTaken((old) => {
        const now = new Set(old);
        if (away) now.add(key);
        else now.delete(key);
        return now;
      }),
    read: () => {
      const result = changedValues(schema, before, entered, taken);
      setProblems('problems' in result ? result.problems : {});
      return 'changes' in result ? result.changes : undefined;
    },
  };
}

interface Props {
  schema: readonly IntegrationField[];
  form: ValuesForm;
  /** What counts where nothing is entered. */
  inherited: Values;
  secret: (key: string) => SecretState;
  /** What the server says of a key. */
  problem: (key: string) => string | undefined;
}

export function ValueFields({ schema, form, inherited, secret, problem }: Props) {
  return schema.map((field) => (
    <Value key={field.key} field={field} form={form} inherited={inherited[field.key]} secret={secret(field.key)} problem={problem(field.key)} />
  ));
}

interface OneProps {
  field: IntegrationField;
  form: ValuesForm;
  inherited: unknown;
  secret: SecretState;
  problem: string | undefined;
}

function Value({ field, form, inherited, secret, problem }: OneProps) {
  const { key, type, required, description } = field;
  const text = form.entered[key] ?? '';
  const fallback = shown(type, inherited);
  const help = [description ?? '', type === 'secret' ? SECRETS[secret] : ''].filter((part) => part !== '').join(' ');
  const away = form.taken.has(key);
  return (
    <div className="grid gap-2">
      <Field
        label={key}
        optional={required !== true}
        error={form.problems[key] ?? problem}
        {...(help === '' ? {} : { help })}
      >
        {(tied) => {
          const common = { ...tied, value: text, disabled: away, placeholder: fallback };
          if (type === 'bool') {
            return (
              <Select {...tied} value={text} onChange={(event) => form.set(key, event.target.value)}>
                <option value="">{fallback === '' ? 'Not set' : `As it is: ${fallback === 'true' ? 'yes' : 'no'}`}</option>
                <option value="true">Yes</option>
                <option value="false">No</option>
              </Select>
            );
          }
          if (type === 'json') {
            return <TextArea {...common} rows={5} spellCheck={false} className="font-mono text-xs" onChange={(event) => form.set(key, event.target.value)} />;
          }
          return (
            <Input
              {...common}
              type={type === 'secret' ? 'password' : 'text'}
              inputMode={type === 'int' ? 'numeric' : undefined}
              autoComplete={type === 'secret' ? 'new-password' : 'off'}
              spellCheck={false}
              onChange={(event) => form.set(key, event.target.value)}
            />
          );
        }}
      </Field>
      {type === 'secret' && secret !== 'unset' && (
        <CheckField label={`Take ${key} away`} checked={away} disabled={text !== ''} onChange={(event) => form.take(key, event.target.checked)} />
      )}
    </div>
  );
}

const SECRETS: Record<SecretState, string> = {
  set: 'It is set; enter another one to replace it.',
  unset: 'Kept encrypted, and never shown again.',
  unknown: 'Never shown: left empty, it stays as it is.',
};
