/** Now, at a time, or in so many minutes. */
import { inOneHour, type When } from '@/lib/when';
import { Field, Input, Select } from '@/ui/field';

interface Props {
  when: When;
  error: string | undefined;
  onChange: (when: When) => void;
}

const FIRST: Record<When['kind'], () => When> = {
  now: () => ({ kind: 'now' }),
  at: () => ({ kind: 'at', at: inOneHour() }),
  in: () => ({ kind: 'in', minutes: '30' }),
};

export function WhenFields({ when, error, onChange }: Props) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return (
    <div className="flex min-w-0 flex-wrap items-start gap-3">
      <Field label="Start" className="w-40">
        {(tied) => (
          <Select {...tied} value={when.kind} onChange={(event) => onChange(FIRST[event.target.value as When['kind']]())}>
            <option value="now">Now</option>
            <option value="at">At a time</option>
            <option value="in">In a while</option>
          </Select>
        )}
      </Field>
      {when.kind === 'at' && (
        <Field label="Time" help={`Your time zone, ${zone}.`} error={error}>
          {(tied) => (
            <Input {...tied} type="datetime-local" value={when.at} onChange={(event) => onChange({ kind: 'at', at: event.target.value })} />
          )}
        </Field>
      )}
      {when.kind === 'in' && (
        <Field label="Minutes from now" className="w-40" error={error}>
          {(tied) => (
            <Input
              {...tied}
              inputMode="numeric"
              value={when.minutes}
              onChange={(event) => onChange({ kind: 'in', minutes: event.target.value })}
            />
          )}
        </Field>
      )}
    </div>
  );
}
