/** What can be chosen: a list that stands in the form, or what a data provider says. */
import { ArrowDown, ArrowUp, Plus, X } from 'lucide-react';
import { useId } from 'react';
import type { FormOption, ProviderInput } from '@/api/forms';
import { freeName, moved } from '@/lib/form-draft';
import { textOf } from '@/lib/form-values';
import { Button } from '@/ui/button';
import { Combobox } from '@/ui/combobox';
import { Field, Input, Select } from '@/ui/field';
import { FieldGroup } from '@/ui/field-group';
import { useBuilder, useError, workflowOf } from './builder-context';
import { Section, type PanelProps } from './field-panel';
import { RuleEditor } from './rule-editor';
import { ValueInput } from './value-input';

export function ChoicesPanel(props: PanelProps) {
  const { field, change } = props;
  const name = useId();
  const provided = field.data_provider != null;
  return (
    <Section title="Choices" isOpen>
      <FieldGroup label="Where they come from">
        <div className="flex flex-wrap gap-x-5 gap-y-1">
          <label className="flex items-center gap-2 text-ui">
            <input
              type="radio"
              name={name}
              className="size-4 accent-accent"
              checked={!provided}
              onChange={() => change({ data_provider: undefined, data_provider_inputs: undefined, auto_fill: undefined })}
            />
            A list in the form
          </label>
          <label className="flex items-center gap-2 text-ui">
            <input
              type="radio"
              name={name}
              className="size-4 accent-accent"
              checked={provided}
              onChange={() => change({ data_provider: '', options: undefined, default_value: undefined })}
            />
            A data provider
          </label>
        </div>
      </FieldGroup>
      {provided ? <Provider {...props} /> : <Options {...props} />}
    </Section>
  );
}

function Options({ field, path, change }: PanelProps) {
  const options = field.options ?? [];
  const error = useError(`${path}.options`);
  const set = (at: number, changed: Partial<FormOption>) =>
    change({ options: options.map((option, index) => (index === at ? { ...option, ...changed } : option)) });
  const add = () => {
    const label = `Choice ${options.length + 1}`;
    const value = freeName(`choice_${options.length + 1}`, options.map((option) => textOf(option.value)));
    change({ options: [...options, { label, value }] });
  };
  return (
    <FieldGroup label="Options" error={error} help="People read the label; the workflow gets the value.">
      <ul className="grid gap-2">
        {options.map((option, at) => (
          <li key={at} className="flex items-center gap-1.5">
            <Input aria-label={`Label of option ${at + 1}`} value={option.label} onChange={(event) => set(at, { label: event.target.value })} />
            <Input
              aria-label={`Value of option ${at + 1}`}
              value={textOf(option.value)}
              className="font-mono text-xs"
              onChange={(event) => set(at, { value: likeBefore(option.value, event.target.value) })}
            />
            <Button look="quiet" size="small" className="w-7 px-0 max-sm:hidden" aria-label={`Move option ${at + 1} up`} disabled={at === 0} onClick={() => change({ options: moved(options, at, at - 1) })}>
              <ArrowUp aria-hidden />
            </Button>
            <Button look="quiet" size="small" className="w-7 px-0 max-sm:hidden" aria-label={`Move option ${at + 1} down`} disabled={at === options.length - 1} onClick={() => change({ options: moved(options, at, at + 1) })}>
              <ArrowDown aria-hidden />
            </Button>
            <Button look="quiet" size="small" className="w-7 px-0" aria-label={`Take out option ${at + 1}`} onClick={() => change({ options: options.filter((_, index) => index !== at) })}>
              <X aria-hidden />
            </Button>
          </li>
        ))}
      </ul>
      <Button size="small" className="justify-self-start" onClick={add}>
        <Plus aria-hidden />
        Add an option
      </Button>
    </FieldGroup>
  );
}

/** A number stays one as long as it is written as one. */
const likeBefore = (before: unknown, text: string) =>
  typeof before === 'number' && text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : text;

function Provider({ field, path, change }: PanelProps) {
  const { workflows, draft } = useBuilder();
  const error = useError(`${path}.data_provider`);
  const inputsError = useError(`${path}.data_provider_inputs`);
  const provider = workflowOf(workflows, field.data_provider);
  const inputs = field.data_provider_inputs ?? {};
  const known = provider?.parameters.map(({ name }) => name) ?? [];
  const names = [...known, ...Object.keys(inputs).filter((name) => !known.includes(name))];
  const set = (name: string, input: ProviderInput | undefined) => {
    const rest = Object.entries(inputs).filter(([other]) => other !== name);
    change({ data_provider_inputs: Object.fromEntries(input === undefined ? rest : [...rest, [name, input]]) });
  };
  const others = draft.form.fields.filter(({ name, type }) => name !== field.name && type !== 'markdown' && type !== 'html');
  return (
    <>
      <Field label="Data provider" error={field.data_provider === '' ? undefined : error} help={provider?.description}>
        {(tied) => (
          <Combobox
            {...tied}
            label="Data provider"
            value={provider?.id ?? field.data_provider ?? ''}
            options={workflows
              .filter(({ kind }) => kind === 'data_provider')
              .map(({ id, name, category }) => ({ value: id, label: name, hint: category }))}
            onChange={(id) => change({ data_provider: id, data_provider_inputs: undefined })}
            className="w-full"
          />
        )}
      </Field>
      {names.length > 0 && (
        <FieldGroup label="What it is asked with" error={inputsError}>
          <div className="grid gap-3">
            {names.map((name) => (
              <ProviderInputFields
                key={name}
                name={name}
                label={provider?.parameters.find((parameter) => parameter.name === name)?.label ?? name}
                required={provider?.parameters.find((parameter) => parameter.name === name)?.required ?? false}
                input={inputs[name]}
                path={`${path}.data_provider_inputs.${name}`}
                fields={others.map((other) => ({ value: other.name, label: other.label || other.name }))}
                onChange={(input) => set(name, input)}
              />
            ))}
          </div>
        </FieldGroup>
      )}
      {field.type !== 'multi_select' && <AutoFill field={field} path={path} change={change} />}
    </>
  );
}

interface InputProps {
  name: string;
  label: string;
  required: boolean;
  input: ProviderInput | undefined;
  path: string;
  fields: { value: string; label: string }[];
  onChange: (input: ProviderInput | undefined) => void;
}

function ProviderInputFields({ name, label, required, input, path, fields, onChange }: InputProps) {
  const first: Record<string, () => ProviderInput | undefined> = {
    none: () => undefined,
    static: () => ({ mode: 'static', value: '' }),
    fieldRef: () => ({ mode: 'fieldRef', field_name: fields[0]?.value ?? '' }),
    expression: () => ({ mode: 'expression', expression: fields[0] === undefined ? 'context.user.email' : `fields.${fields[0].value}` }),
  };
  return (
    <div className="grid gap-2 rounded-md border bg-sunken p-3">
      <Field label={label} optional={!required}>
        {(tied) => (
          <Select {...tied} value={input?.mode ?? 'none'} onChange={(event) => onChange(first[event.target.value]?.())}>
            <option value="none">Not given</option>
            <option value="static">Always the same</option>
            <option value="fieldRef" disabled={fields.length === 0}>
              What another field holds
            </option>
            <option value="expression">Computed</option>
          </Select>
        )}
      </Field>
      {input?.mode === 'static' && (
        <ValueInput label={`Value of ${name}`} value={input.value} onChange={(value) => onChange({ mode: 'static', value: value ?? '' })} />
      )}
      {input?.mode === 'fieldRef' && (
        <Select aria-label={`Field for ${name}`} value={input.field_name} onChange={(event) => onChange({ mode: 'fieldRef', field_name: event.target.value })}>
          {!fields.some(({ value }) => value === input.field_name) && <option value={input.field_name}>{input.field_name || 'Choose…'}</option>}
          {fields.map(({ value, label: text }) => (
            <option key={value} value={value}>
              {text}
            </option>
          ))}
        </Select>
      )}
      {input?.mode === 'expression' && (
        <RuleEditor
          label={`Expression for ${name}`}
          value={input.expression}
          path={path}
          onChange={(expression) => onChange({ mode: 'expression', expression })}
        />
      )}
    </div>
  );
}

function AutoFill({ field, path, change }: PanelProps) {
  const { draft } = useBuilder();
  const error = useError(`${path}.auto_fill`);
  const filled = Object.entries(field.auto_fill ?? {});
  const targets = draft.form.fields.filter(({ name, type }) => name !== field.name && !['markdown', 'html', 'file'].includes(type));
  const free = targets.find(({ name }) => !filled.some(([taken]) => taken === name));
  const set = (entries: [string, string][]) => change({ auto_fill: Object.fromEntries(entries) });
  return (
    <FieldGroup label="A choice fills in" optional error={error} help="From a member of the option’s metadata.">
      {filled.length > 0 && (
        <ul className="grid gap-2">
          {filled.map(([name, key], at) => (
            <li key={name} className="flex items-center gap-1.5">
              <Select
                aria-label={`Field ${at + 1} that is filled in`}
                value={name}
                onChange={(event) => set(filled.map((entry, index) => (index === at ? [event.target.value, key] : entry)))}
              >
                {!targets.some((target) => target.name === name) && <option value={name}>{name}</option>}
                {targets.map((target) => (
                  <option key={target.name} value={target.name} disabled={target.name !== name && filled.some(([taken]) => taken === target.name)}>
                    {target.label || target.name}
                  </option>
                ))}
              </Select>
              <span className="text-xs text-muted">from</span>
              <Input
                aria-label={`Member of the metadata for field ${at + 1}`}
                value={key}
                placeholder="email"
                className="font-mono text-xs"
                onChange={(event) => set(filled.map((entry, index) => (index === at ? [name, event.target.value] : entry)))}
              />
              <Button look="quiet" size="small" className="w-7 px-0" aria-label={`Take out field ${at + 1}`} onClick={() => set(filled.filter((_, index) => index !== at))}>
                <X aria-hidden />
              </Button>
            </li>
          ))}
        </ul>
      )}
      <Button
        size="small"
        className="justify-self-start"
        disabled={free === undefined}
        onClick={() => free !== undefined && set([...filled, [free.name, free.name]])}
      >
        <Plus aria-hidden />
        Fill in a field
      </Button>
    </FieldGroup>
  );
}
