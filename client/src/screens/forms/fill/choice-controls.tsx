/** Fields with options: one of a list, one of those in sight, several; and yes or no. */
import { useId, type ReactNode } from 'react';
import type { FormOption } from '@/api/forms';
import { labelOf, same } from '@/lib/form-values';
import { keyOf } from '@/lib/parameters';
import { Button } from '@/ui/button';
import { Combobox } from '@/ui/combobox';
import { CheckBox, Field, Select } from '@/ui/field';
import { ErrorText, FieldGroup } from '@/ui/field-group';
import { MultiChoice } from '@/ui/multi-choice';
import type { ChoiceProps, ControlProps } from './form-fields';

/** From so many options on they are searched by typing. */
const MANY = 12;

const optionOf = (options: FormOption[], key: string) => options.find(({ value }) => keyOf(value) === key);

const optionsFor = (options: FormOption[]) =>
  options.map(({ label, value, description }) => ({ label, value: keyOf(value), hint: description ?? undefined }));

/** What a list without a choice says. */
function placeholder({ waits, options, field }: ChoiceProps): string {
  if (waits === 'loading') return 'Loading…';
  if (waits === undefined && options.length === 0) return 'There are no choices';
  return field.placeholder ?? 'Choose…';
}

export function SelectChoice(props: ChoiceProps) {
  const { field, entered, error, optional, required, disabled, options, actions } = props;
  const chosen = entered == null || entered === '' ? '' : keyOf(entered);
  const change = (key: string) => {
    actions.change(field, optionOf(options, key)?.value ?? '');
  };
  return (
    <Field label={labelOf(field)} optional={optional} help={field.help_text ?? undefined} error={error}>
      {(tied) =>
        options.length >= MANY ? (
          <Combobox
            {...tied}
            label={labelOf(field)}
            options={optionsFor(options)}
            value={chosen}
            onChange={change}
            disabled={disabled}
            clearable={!required}
            placeholder={placeholder(props)}
            className="w-full"
          />
        ) : (
          <Select
            {...tied}
            aria-required={required}
            disabled={disabled}
            value={chosen}
            onChange={(event) => change(event.target.value)}
          >
            {(!required || chosen === '') && <option value="">{placeholder(props)}</option>}
            {chosen !== '' && optionOf(options, chosen) === undefined && <option value={chosen}>{chosen}</option>}
            {options.map(({ label, value }) => (
              <option key={keyOf(value)} value={keyOf(value)}>
                {label}
              </option>
            ))}
          </Select>
        )
      }
    </Field>
  );
}

export function RadioChoice(props: ChoiceProps) {
  const { field, entered, error, optional, disabled, options, actions } = props;
  const name = useId();
  return (
    <FieldGroup label={labelOf(field)} optional={optional} help={field.help_text ?? undefined} error={error} disabled={disabled}>
      {options.length === 0 && <p className="text-ui text-muted">{placeholder(props)}</p>}
      <div className="grid gap-1">
        {options.map((option) => (
          <Line key={keyOf(option.value)} option={option}>
            {(id) => (
              <input
                type="radio"
                id={id}
                name={name}
                checked={same(entered, option.value)}
                onChange={() => actions.change(field, option.value)}
                className="size-4 shrink-0"
              />
            )}
          </Line>
        ))}
      </div>
      {optional && entered != null && entered !== '' && !disabled && (
        <Button size="small" look="quiet" className="justify-self-start" onClick={() => actions.change(field, '')}>
          Clear choice
        </Button>
      )}
    </FieldGroup>
  );
}

export function SeveralChoice(props: ChoiceProps) {
  const { field, entered, error, optional, disabled, options, actions } = props;
  const label = labelOf(field);
  const change = (keys: string[]) => actions.change(field, keys.map((key) => optionOf(options, key)?.value ?? key));
  return (
    <FieldGroup label={label} optional={optional} help={field.help_text ?? undefined} error={error} disabled={disabled}>
      <MultiChoice
        label={label}
        options={optionsFor(options)}
        chosen={Array.isArray(entered) ? entered.map(keyOf) : []}
        onChange={change}
        placeholder={placeholder(props)}
        disabled={disabled}
      />
    </FieldGroup>
  );
}

function Line({ option, children }: { option: FormOption; children: (id: string) => ReactNode }) {
  const id = useId();
  return (
    <div className="flex min-h-6 items-start gap-2.5 py-0.5">
      <span className="flex h-5 items-center">{children(id)}</span>
      <label htmlFor={id} className="min-w-0 text-ui break-words">
        {option.label}
        {option.description != null && <span className="block text-xs text-muted">{option.description}</span>}
      </label>
    </div>
  );
}

export function Check({ field, entered, error, required, disabled, actions }: ControlProps) {
  const id = useId();
  const described = [field.help_text == null ? '' : `${id}-help`, error === undefined ? '' : `${id}-error`].filter(Boolean);
  return (
    <div className="grid gap-1.5">
      <div className="flex items-start gap-2.5">
        <span className="flex h-5 items-center">
          <CheckBox
            id={id}
            checked={entered === true}
            disabled={disabled}
            aria-required={required}
            aria-invalid={error === undefined ? undefined : true}
            aria-describedby={described.length === 0 ? undefined : described.join(' ')}
            onChange={(event) => actions.change(field, event.target.checked)}
          />
        </span>
        <div className="grid min-w-0 gap-0.5">
          <label htmlFor={id} className="text-ui font-medium break-words">
            {labelOf(field)}
            {required && <span className="font-normal text-faint"> (needed)</span>}
          </label>
          {field.help_text != null && (
            <p id={`${id}-help`} className="text-xs text-muted">
              {field.help_text}
            </p>
          )}
        </div>
      </div>
      {error !== undefined && <ErrorText id={`${id}-error`}>{error}</ErrorText>}
    </div>
  );
}
