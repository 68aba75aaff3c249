/** One or several of the choices of a field. */
import { keyOf, read, type Choice, type Field } from '@/lib/parameters';
import { Combobox } from '@/ui/combobox';
import { Select, type Tied } from '@/ui/field';
import { MultiChoice } from '@/ui/multi-choice';

/** From so many choices on they are searched by typing. */
const MANY = 12;

export interface ChoicesProps {
  field: Field;
  choices: Choice[];
  tied: Tied;
  text: string;
  onChange: (value: string) => void;
  onBlur?: (() => void) | undefined;
}

/** What is chosen, as the texts of options. */
function chosenKeys(field: Field, text: string): string[] {
  if (field.kind === 'choice') return text === '' ? [] : [text];
  const chosen = read({ ...field, rules: {} }, text);
  return 'value' in chosen && Array.isArray(chosen.value) ? chosen.value.map(keyOf) : [];
}

export function Choices({ field, choices, tied, text, onChange, onBlur }: ChoicesProps) {
  const { required } = field;
  const offered = choices.map(({ label, value }) => ({ label, value: keyOf(value) }));
  const chosen = chosenKeys(field, text);
  // An earlier run or another field may have led to what is not offered any more.
  const strange = chosen.filter((key) => !offered.some(({ value }) => value === key));
  const options = [...offered, ...strange.map((key) => ({ label: key, value: key }))];
  const warning = strange.length > 0 && (
    <p role="status" className="text-xs text-warn">
      {strange.join(', ')} {strange.length === 1 ? 'is' : 'are'} not among the choices. Choose again.
    </p>
  );
  if (field.kind === 'choices') {
    return (
      <div role="group" id={tied.id} aria-label={field.label} aria-describedby={tied['aria-describedby']} className="grid gap-1.5" onBlur={onBlur}>
        <MultiChoice
          label={field.label}
          options={options}
          chosen={chosen}
          placeholder={options.length === 0 ? 'There are no choices' : 'Choose…'}
          onChange={(keys) => onChange(JSON.stringify(keys.map((key) => choices.find(({ value }) => keyOf(value) === key)?.value ?? key)))}
        />
        {warning}
      </div>
    );
  }
  return (
    <div className="grid gap-1.5">
      {options.length >= MANY ? (
        <Combobox {...tied} label="Choices" options={options} value={text} onChange={onChange} clearable={!required} className="w-full" />
      ) : (
        <Select {...tied} value={text} required={required} onBlur={onBlur} onChange={(event) => onChange(event.target.value)}>
          {(!required || text === '') && <option value="">{none(required, options.length)}</option>}
          {options.map(({ label, value }) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </Select>
      )}
      {warning}
    </div>
  );
}

function none(required: boolean, offered: number): string {
  if (offered === 0) return 'There are no choices';
  return required ? 'Choose…' : 'None';
}
