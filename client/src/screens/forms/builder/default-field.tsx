/** What a field holds at first. */
import { useState } from 'react';
import { labelOf, textOf, toEntered, toValue } from '@/lib/form-values';
import type { Json } from '@/expressions';
import { keyOf } from '@/lib/parameters';
import { CheckField, Field, Input, Select, TextArea } from '@/ui/field';
import { useError } from './builder-context';
import { Section, type PanelProps } from './field-panel';
import { ProviderFields } from './provider-fields';

export function DefaultField({ field, path, change }: PanelProps) {
  const told = useError(`${path}.default_value`);
  const [entered, setEntered] = useState(() => shown(field.type === 'multi_select' ? field.default_value : toEntered(field, field.default_value)));
  const [problem, setProblem] = useState<string>();
  if (field.type === 'checkbox') {
    return (
      <CheckField
        label="Ticked by default"
        checked={field.default_value === true}
        onChange={(event) => change({ default_value: event.target.checked ? true : undefined })}
      />
    );
  }
  const enter = (text: string) => {
    setEntered(text);
    const read = field.type === 'multi_select' ? { value: linesOf(text) } : toValue(field, text);
    setProblem('problem' in read ? read.problem : undefined);
    if (!('problem' in read)) change({ default_value: read.value });
  };
  const options = field.data_provider == null ? (field.options ?? []) : [];
  const isList = field.type === 'select' || field.type === 'radio';
  return (
    <Field
      label="Default value"
      optional
      help={field.type === 'multi_select' ? 'One value per line.' : undefined}
      error={problem ?? told}
    >
      {(tied) => {
        const common = { ...tied, 'aria-label': undefined, value: entered };
        if (isList && options.length > 0) {
          return (
            <Select
              {...tied}
              value={field.default_value == null ? '' : keyOf(field.default_value)}
              onChange={(event) => change({ default_value: options.find(({ value }) => keyOf(value) === event.target.value)?.value })}
            >
              <option value="">Nothing</option>
              {options.map(({ label, value }) => (
                <option key={keyOf(value)} value={keyOf(value)}>
                  {label}
                </option>
              ))}
            </Select>
          );
        }
        if (field.type === 'textarea' || field.type === 'multi_select') {
          return <TextArea {...common} rows={3} title={labelOf(field)} onChange={(event) => enter(event.target.value)} />;
        }
        const type = field.type === 'date' ? 'date' : field.type === 'datetime' ? 'datetime-local' : 'text';
        return <Input {...common} type={type} onChange={(event) => enter(event.target.value)} />;
      }}
    </Field>
  );
}

/** A data provider that says what a field holds at first. */
export function DefaultProviderPanel(props: PanelProps) {
  const { field, change } = props;
  const provided = field.default_data_provider != null;
  return (
    <Section title="Default from a data provider" isOpen={provided}>
      <CheckField
        label="Take the default from a data provider"
        help="The value of its first option. It wins over a fixed default; a computed default wins over it."
        checked={provided}
        onChange={(event) =>
          change({ default_data_provider: event.target.checked ? '' : undefined, default_data_provider_inputs: undefined })
        }
      />
      {provided && <ProviderFields {...props} asked="default" />}
    </Section>
  );
}

const shown = (value: Json | undefined): string =>
  Array.isArray(value) ? value.map(textOf).join('\n') : value == null ? '' : textOf(value);

/** Values of a list, as texts. */
function linesOf(text: string): Json[] | undefined {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  return lines.length === 0 ? undefined : lines;
}
