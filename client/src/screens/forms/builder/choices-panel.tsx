/** What can be chosen: a list that stands in the form, or what a data provider says. */
import { ArrowDown, ArrowUp, Plus, X } from 'lucide-react';
import { useId } from 'react';
import type { FormOption } from '@/api/forms';
import { freeName, moved } from '@/lib/form-draft';
import { textOf } from '@/lib/form-values';
import { Button } from '@/ui/button';
import { Input, Select } from '@/ui/field';
import { FieldGroup } from '@/ui/field-group';
import { useBuilder, useError } from './builder-context';
import { Section, type PanelProps } from './field-panel';
import { ProviderFields } from './provider-fields';

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
              className="size-4"
              checked={!provided}
              onChange={() => change({ data_provider: undefined, data_provider_inputs: undefined, auto_fill: undefined })}
            />
            A list in the form
          </label>
          <label className="flex items-center gap-2 text-ui">
            <input
              type="radio"
              name={name}
              className="size-4"
              checked={provided}
              onChange={() => change({ data_provider: '', options: undefined, default_value: undefined })}
            />
            A data provider
          </label>
        </div>
      </FieldGroup>
      {provided ? (
        <>
          <ProviderFields {...props} asked="options" />
          {field.type !== 'multi_select' && <AutoFill {...props} />}
        </>
      ) : (
        <Options {...props} />
      )}
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
            <Button look="quiet" size="small" className="w-7 px-0" aria-label={`Remove option ${at + 1}`} onClick={() => change({ options: options.filter((_, index) => index !== at) })}>
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
              <Button look="quiet" size="small" className="w-7 px-0" aria-label={`Remove field ${at + 1}`} onClick={() => set(filled.filter((_, index) => index !== at))}>
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
