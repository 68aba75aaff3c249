/** One field of a workflow's form. */
import { useQuery } from '@tanstack/react-query';
import { useController, type Control } from 'react-hook-form';
import { api, call } from '@/api/client';
import { explain } from '@/api/problem';
import { useOrganization } from '@/api/session';
import { choicesOf, keyOf, read, type Choice, type Entered, type Field as FieldOf } from '@/lib/parameters';
import { Button } from '@/ui/button';
import { Code } from '@/ui/code';
import { Combobox } from '@/ui/combobox';
import { MultiChoice } from '@/ui/multi-choice';
import { CheckField, Field, Input, Select, TextArea, type Tied } from '@/ui/field';

/** From so many choices on they are searched by typing. */
const MANY = 12;

type Form = Control<Record<string, Entered>, unknown, Record<string, unknown>>;

export function FormField({ field, control }: { field: FieldOf; control: Form }) {
  const { field: bound, fieldState } = useController({ name: field.name, control });
  if (field.kind === 'boolean') {
    return (
      <CheckField
        label={field.label}
        help={field.help}
        name={bound.name}
        ref={bound.ref}
        checked={bound.value === true}
        onBlur={bound.onBlur}
        onChange={(event) => bound.onChange(event.target.checked)}
      />
    );
  }
  const text = String(bound.value ?? '');
  return (
    <Field label={field.label} optional={!field.required} help={helpOf(field)} error={fieldState.error?.message}>
      {(tied) => <Control field={field} tied={tied} text={text} bound={bound} />}
    </Field>
  );
}

function helpOf(field: FieldOf): string | undefined {
  const more = field.kind === 'list' ? 'One item per line, or a JSON list.' : undefined;
  const help = [field.help, more].filter((part) => part !== undefined).join(' ');
  return help === '' ? undefined : help;
}

interface ControlProps {
  field: FieldOf;
  tied: Tied;
  text: string;
  bound: { name: string; onChange: (value: string) => void; onBlur: () => void; ref: (element: HTMLElement | null) => void };
}

function Control({ field, tied, text, bound }: ControlProps) {
  const common = {
    ...tied,
    name: bound.name,
    ref: bound.ref,
    value: text,
    required: field.required,
    onBlur: bound.onBlur,
    onChange: (event: { target: { value: string } }) => bound.onChange(event.target.value),
  };
  switch (field.kind) {
    case 'choice':
    case 'choices':
      return field.provider === undefined ? (
        <Choices field={field} choices={field.choices} tied={tied} text={text} onChange={bound.onChange} />
      ) : (
        <Provided field={field} provider={field.provider} tied={tied} text={text} onChange={bound.onChange} />
      );
    case 'integer':
    case 'number':
      return <Input {...common} inputMode={field.kind === 'integer' ? 'numeric' : 'decimal'} className="tabular-nums" />;
    case 'list':
      return <TextArea {...common} />;
    case 'json':
      return (
        <div className="rounded-md border border-line-strong/60 bg-surface dark:bg-sunken">
          <Code
            value={text}
            label={field.label}
            language="json"
            describedBy={tied['aria-describedby']}
            onChange={bound.onChange}
            height="16rem"
          />
        </div>
      );
    default:
      return text.includes('\n') ? <TextArea {...common} /> : <Input {...common} />;
  }
}

interface ChoicesProps {
  field: FieldOf;
  choices: Choice[];
  tied: Tied;
  text: string;
  onChange: (value: string) => void;
}

function Choices({ field, choices, tied, text, onChange }: ChoicesProps) {
  const { required } = field;
  const options = choices.map(({ label, value }) => ({ label, value: keyOf(value) }));
  if (field.kind === 'choices') {
    const chosen = read(field, text);
    const values = 'value' in chosen && Array.isArray(chosen.value) ? chosen.value : [];
    return (
      <div role="group" id={tied.id} aria-label={field.label} aria-describedby={tied['aria-describedby']} className="grid gap-1.5">
        <MultiChoice
          label={field.label}
          options={options}
          chosen={values.map(keyOf)}
          placeholder={options.length === 0 ? 'There are no choices' : 'Choose…'}
          onChange={(keys) => onChange(JSON.stringify(keys.map((key) => choices.find(({ value }) => keyOf(value) === key)?.value ?? key)))}
        />
      </div>
    );
  }
  if (options.length >= MANY) {
    return (
      <Combobox
        {...tied}
        label="Choices"
        options={options}
        value={text}
        onChange={onChange}
        clearable={!required}
        className="w-full"
      />
    );
  }
  return (
    <Select {...tied} value={text} required={required} onChange={(event) => onChange(event.target.value)}>
      {(!required || text === '') && <option value="">{required ? 'Choose…' : 'None'}</option>}
      {options.map(({ label, value }) => (
        <option key={value} value={value}>
          {label}
        </option>
      ))}
    </Select>
  );
}

interface ProvidedProps {
  field: FieldOf;
  provider: string;
  tied: Tied;
  text: string;
  onChange: (value: string) => void;
}

/** Choices of a data provider. Where it fails the value can be typed. */
function Provided({ field, provider, tied, text, onChange }: ProvidedProps) {
  const organization = useOrganization();
  const options = useQuery({
    queryKey: ['options', organization, provider],
    queryFn: ({ signal }) =>
      call(
        api.POST('/api/data-providers/{id}/invoke', { params: { path: { id: provider } }, body: {}, signal }),
      ),
    staleTime: 60_000,
    retry: false,
  });
  if (options.data !== undefined) {
    const choices = choicesOf(options.data.options);
    return <Choices field={field} choices={choices} tied={tied} text={text} onChange={onChange} />;
  }
  return (
    <div className="grid gap-1.5">
      <Input
        {...tied}
        value={text}
        placeholder={options.isPending ? 'Loading the choices…' : ''}
        onChange={(event) => onChange(event.target.value)}
      />
      {options.error !== null && (
        <p className="flex items-center gap-2 text-xs text-warn">
          The choices could not be loaded: {explain(options.error).title}
          <Button size="small" onClick={() => void options.refetch()}>
            Try again
          </Button>
        </p>
      )}
    </div>
  );
}
