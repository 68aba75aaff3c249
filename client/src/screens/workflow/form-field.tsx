/** One field of a workflow's form. */
import { useController, useWatch, type Control } from 'react-hook-form';
import type { Entered, Field as FieldOf, Values } from '@/lib/parameters';
import { Code } from '@/ui/code';
import { CheckField, Field, Input, TextArea, type Tied } from '@/ui/field';
import { Choices } from './choices';
import { ProvidedChoices } from './provided-choices';

type Form = Control<Values, unknown, Record<string, unknown>>;

interface FormFieldProps {
  field: FieldOf;
  /** All of the form: data providers may be asked with what the others hold. */
  fields: readonly FieldOf[];
  control: Form;
}

/** Bound to a form. */
export function FormField({ field, fields, control }: FormFieldProps) {
  const { field: bound, fieldState } = useController({ name: field.name, control });
  const values = useWatch({ control, disabled: field.provider === undefined });
  return <FieldInput {...bound} field={field} fields={fields} values={values} value={bound.value} error={fieldState.error?.message} />;
}

interface FieldInputProps {
  field: FieldOf;
  fields: readonly FieldOf[];
  /** What all fields hold. */
  values: Partial<Values>;
  value: Entered | undefined;
  onChange: (value: Entered) => void;
  error?: string | undefined;
  name?: string;
  onBlur?: () => void;
  ref?: (element: HTMLElement | null) => void;
}

export function FieldInput({ field, fields, values, value, onChange, error, ...bound }: FieldInputProps) {
  if (field.kind === 'boolean') {
    return <CheckField {...bound} label={field.label} help={field.help} checked={value === true} onChange={(event) => onChange(event.target.checked)} />;
  }
  const shared = { field, text: String(value ?? ''), onChange, ...bound };
  return (
    <Field label={field.label} optional={!field.required} help={helpOf(field)} error={error}>
      {(tied) => <FieldControl {...shared} tied={tied} fields={fields} values={values} />}
    </Field>
  );
}

function helpOf(field: FieldOf): string | undefined {
  const more = field.kind === 'list' ? 'One item per line, or a JSON list.' : undefined;
  const help = [field.help, more].filter((part) => part !== undefined).join(' ');
  return help === '' ? undefined : help;
}

type ControlProps = Pick<FieldInputProps, 'field' | 'fields' | 'values' | 'onChange' | 'name' | 'onBlur' | 'ref'> & { tied: Tied; text: string };

function FieldControl({ field, fields, values, tied, text, onChange, ...bound }: ControlProps) {
  const common = {
    ...tied,
    ...bound,
    value: text,
    required: field.required,
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
  };
  switch (field.kind) {
    case 'choice':
    case 'choices':
      return field.provider === undefined ? (
        <Choices field={field} choices={field.choices} tied={tied} text={text} onChange={onChange} onBlur={bound.onBlur} />
      ) : (
        <ProvidedChoices field={field} provider={field.provider} fields={fields} values={values} tied={tied} text={text} onChange={onChange} onBlur={bound.onBlur} />
      );
    case 'integer':
    case 'number':
      return <Input {...common} inputMode={field.kind === 'integer' ? 'numeric' : 'decimal'} className="tabular-nums" />;
    case 'list':
      return <TextArea {...common} />;
    case 'json':
      return (
        <div className="rounded-md border border-line-strong/60 bg-surface dark:bg-sunken" onBlur={bound.onBlur}>
          <Code value={text} label={field.label} language="json" describedBy={tied['aria-describedby']} onChange={onChange} height="16rem" />
        </div>
      );
    default:
      return text.includes('\n') ? <TextArea {...common} /> : <Input {...common} />;
  }
}
