/** Fields that are typed: texts, numbers, dates and times. */
import type { ComponentProps } from 'react';
import { labelOf } from '@/lib/form-values';
import { Field, Input, TextArea } from '@/ui/field';
import type { ControlProps } from './form-fields';

type Kind = Pick<ComponentProps<'input'>, 'type' | 'inputMode' | 'className' | 'autoComplete'>;

const KINDS: Partial<Record<string, Kind>> = {
  email: { type: 'email', inputMode: 'email', autoComplete: 'email' },
  number: { type: 'text', inputMode: 'decimal', className: 'tabular-nums' },
  date: { type: 'date', className: 'w-auto min-w-44 justify-self-start' },
  datetime: { type: 'datetime-local', className: 'w-auto min-w-56 justify-self-start' },
};

export function TextControl({ field, entered, error, optional, required, disabled, actions }: ControlProps) {
  const { min, max } = field.validation ?? {};
  const days = field.type === 'date' ? { min: dayOf(min), max: dayOf(max) } : {};
  return (
    <Field label={labelOf(field)} optional={optional} help={field.help_text ?? undefined} error={error}>
      {(tied) => {
        const common = {
          ...tied,
          disabled,
          'aria-required': required,
          placeholder: field.placeholder ?? undefined,
          value: typeof entered === 'string' ? entered : entered == null ? '' : String(entered),
          onChange: (event: { target: { value: string } }) => actions.change(field, event.target.value),
        };
        if (field.type === 'textarea') return <TextArea {...common} rows={4} />;
        return <Input {...common} {...(KINDS[field.type] ?? { type: 'text' })} {...days} />;
      }}
    </Field>
  );
}

const dayOf = (bound: string | number | null | undefined): string | undefined =>
  typeof bound === 'string' ? bound.slice(0, 10) : undefined;
