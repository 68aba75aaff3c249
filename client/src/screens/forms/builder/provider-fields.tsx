/** Which data provider is asked for a field, and with what. */
import type { FormField, ProviderInput } from '@/api/forms';
import { providerOf, type Asked } from '@/lib/form-filling';
import { isContent } from '@/lib/form-values';
import { Combobox } from '@/ui/combobox';
import { Field, Select } from '@/ui/field';
import { FieldGroup } from '@/ui/field-group';
import { useBuilder, useError, workflowOf } from './builder-context';
import type { PanelProps } from './field-panel';
import { RuleEditor } from './rule-editor';
import { ValueInput } from './value-input';

type Inputs = Record<string, ProviderInput> | undefined;

/** The keys of a field, and what people read. */
const PARTS = {
  options: {
    name: 'data_provider',
    inputs: 'data_provider_inputs',
    label: 'Data provider',
    change: (name: string, inputs: Inputs): Partial<FormField> => ({ data_provider: name, data_provider_inputs: inputs }),
  },
  default: {
    name: 'default_data_provider',
    inputs: 'default_data_provider_inputs',
    label: 'Data provider of the default',
    change: (name: string, inputs: Inputs): Partial<FormField> => ({
      default_data_provider: name,
      default_data_provider_inputs: inputs,
    }),
  },
};

export function ProviderFields({ field, path, change, asked }: PanelProps & { asked: Asked }) {
  const { workflows, draft } = useBuilder();
  const parts = PARTS[asked];
  const error = useError(`${path}.${parts.name}`);
  const inputsError = useError(`${path}.${parts.inputs}`);
  const { name: called, inputs } = providerOf(field, asked);
  const provider = workflowOf(workflows, called);
  const known = provider?.parameters.map(({ name }) => name) ?? [];
  const names = [...known, ...Object.keys(inputs).filter((name) => !known.includes(name))];
  const set = (name: string, input: ProviderInput | undefined) => {
    const rest = Object.entries(inputs).filter(([other]) => other !== name);
    change(parts.change(called, Object.fromEntries(input === undefined ? rest : [...rest, [name, input] as const])));
  };
  const { fields } = draft.form;
  // A default is decided with its field, so it knows of those before it.
  const seen = asked === 'default' ? fields.slice(0, fields.findIndex(({ name }) => name === field.name)) : fields;
  const others = seen.filter((other) => other.name !== field.name && !isContent(other));
  return (
    <>
      <Field label={parts.label} error={called === '' ? undefined : error} help={provider?.description}>
        {(tied) => (
          <Combobox
            {...tied}
            label={parts.label}
            value={provider?.id ?? called}
            options={workflows
              .filter(({ kind }) => kind === 'data_provider')
              .map(({ id, name, category }) => ({ value: id, label: name, hint: category }))}
            onChange={(id) => change(parts.change(id, undefined))}
            className="w-full"
          />
        )}
      </Field>
      {names.length > 0 && (
        <FieldGroup label="Inputs" error={inputsError}>
          <div className="grid gap-3">
            {names.map((name) => (
              <ProviderInputFields
                key={name}
                name={name}
                label={provider?.parameters.find((parameter) => parameter.name === name)?.label ?? name}
                required={provider?.parameters.find((parameter) => parameter.name === name)?.required ?? false}
                input={inputs[name]}
                path={`${path}.${parts.inputs}.${name}`}
                fields={others.map((other) => ({ value: other.name, label: other.label || other.name }))}
                onChange={(input) => set(name, input)}
              />
            ))}
          </div>
        </FieldGroup>
      )}
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
