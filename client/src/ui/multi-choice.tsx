/** Several of many: boxes to tick while they are few, else what is chosen and a search for more. */
import { X } from 'lucide-react';
import { useId } from 'react';
import { Button } from './button';
import { Combobox, type Option } from './combobox';
import { CheckBox } from './field';

/** From so many options on they are searched by typing. */
const MANY = 12;

interface Props {
  label: string;
  options: Option[];
  chosen: string[];
  onChange: (chosen: string[]) => void;
  /** What stands there while nothing is chosen. */
  placeholder: string;
  disabled?: boolean;
}

export function MultiChoice({ label, options, chosen, onChange, placeholder, disabled = false }: Props) {
  const set = (value: string, on: boolean) => onChange(on ? [...chosen, value] : chosen.filter((one) => one !== value));
  if (options.length < MANY) {
    return (
      <div className="grid gap-1">
        {options.length === 0 && <p className="text-ui text-muted">{placeholder}</p>}
        {options.map((option) => (
          <Box key={option.value} option={option} disabled={disabled} isChosen={chosen.includes(option.value)} onChange={(on) => set(option.value, on)} />
        ))}
      </div>
    );
  }
  return (
    <>
      {chosen.length > 0 && (
        <ul aria-label={`${label}, chosen`} className="flex flex-wrap gap-1.5">
          {chosen.map((value) => {
            const name = options.find((option) => option.value === value)?.label ?? value;
            return (
              <li key={value} className="flex max-w-full items-center rounded-md border bg-sunken pl-2 text-ui">
                <span className="truncate">{name}</span>
                <Button look="quiet" size="small" aria-label={`Remove ${name}`} disabled={disabled} onClick={() => set(value, false)}>
                  <X aria-hidden />
                </Button>
              </li>
            );
          })}
        </ul>
      )}
      <Combobox
        label={`Add to ${label}`}
        options={options.filter(({ value }) => !chosen.includes(value))}
        value=""
        placeholder={chosen.length === 0 ? placeholder : 'Add another…'}
        onChange={(value) => set(value, true)}
        disabled={disabled}
        className="w-full"
      />
    </>
  );
}

interface BoxProps {
  option: Option;
  isChosen: boolean;
  disabled: boolean;
  onChange: (isChosen: boolean) => void;
}

function Box({ option, isChosen, disabled, onChange }: BoxProps) {
  const id = useId();
  return (
    <div className="flex min-h-6 items-start gap-2.5 py-0.5">
      <span className="flex h-5 items-center">
        <CheckBox id={id} checked={isChosen} disabled={disabled} onChange={(event) => onChange(event.target.checked)} />
      </span>
      <label htmlFor={id} className="min-w-0 text-ui break-words">
        {option.label}
        {option.hint !== undefined && <span className="block text-xs text-muted">{option.hint}</span>}
      </label>
    </div>
  );
}
