/** What a value, or a file, must be like. */
import { useState } from 'react';
import type { FieldValidation } from '@/api/forms';
import { LARGEST_MB } from '@/lib/upload';
import { CheckField, Field, Input, TextArea } from '@/ui/field';
import { useError } from './builder-context';
import { Section, type PanelProps } from './field-panel';
import { RuleEditor } from './rule-editor';

const hasText = (type: string) => ['text', 'email', 'textarea'].includes(type);

export function ChecksPanel({ field, path, change }: PanelProps) {
  const rules = field.validation ?? {};
  const set = (changed: FieldValidation) => change({ validation: { ...rules, ...changed } });
  const { type } = field;
  const bounded = type === 'number' || type === 'date' || type === 'datetime' ? type : undefined;
  const used = Object.values(rules).some((value) => value != null && value !== '');
  return (
    <Section title="Checks" isOpen={used}>
      <div className="grid gap-4 sm:grid-cols-2">
        {bounded !== undefined && (
          <>
            <Bound label={bounded === 'number' ? 'At least' : 'Not before'} type={bounded} value={rules.min} path={`${path}.validation.min`} onChange={(min) => set({ min })} />
            <Bound label={bounded === 'number' ? 'At most' : 'Not after'} type={bounded} value={rules.max} path={`${path}.validation.max`} onChange={(max) => set({ max })} />
          </>
        )}
        {hasText(field.type) && (
          <>
            <Length label="Characters, at least" value={rules.min_length} path={`${path}.validation.min_length`} onChange={(min_length) => set({ min_length })} />
            <Length label="Characters, at most" value={rules.max_length} path={`${path}.validation.max_length`} onChange={(max_length) => set({ max_length })} />
          </>
        )}
      </div>
      {hasText(field.type) && <Pattern value={rules.pattern ?? ''} path={`${path}.validation.pattern`} onChange={(pattern) => set({ pattern })} />}
      <RuleEditor
        label="Must hold"
        help="It is checked while the field is empty, too: begin with empty(…) || … where it may be left out."
        isCondition
        value={rules.expression}
        path={`${path}.validation.expression`}
        placeholder={`empty(fields.${field.name}) || fields.${field.name} != context.user.email`}
        onChange={(expression) => set({ expression })}
      />
      <Field label="Message when a check fails" optional>
        {(tied) => <Input {...tied} value={rules.message ?? ''} onChange={(event) => set({ message: event.target.value })} />}
      </Field>
    </Section>
  );
}

interface BoundProps {
  label: string;
  type: 'number' | 'date' | 'datetime';
  value: number | string | null | undefined;
  path: string;
  onChange: (value: number | string | null) => void;
}

function Bound({ label, type, value, path, onChange }: BoundProps) {
  const error = useError(path);
  const [text, setText] = useState(value == null ? '' : String(value));
  const number = Number(text);
  const wrong = type === 'number' && text.trim() !== '' && !Number.isFinite(number);
  return (
    <Field label={label} optional error={wrong ? 'Enter a number, such as 4.2' : error}>
      {(tied) => (
        <Input
          {...tied}
          type={type === 'number' ? 'text' : type === 'date' ? 'date' : 'datetime-local'}
          inputMode={type === 'number' ? 'decimal' : undefined}
          value={text}
          onChange={(event) => {
            const now = event.target.value;
            setText(now);
            if (now.trim() === '') onChange(null);
            else if (type !== 'number') onChange(now);
            else if (Number.isFinite(Number(now))) onChange(Number(now));
          }}
        />
      )}
    </Field>
  );
}

interface LengthProps {
  label: string;
  value: number | null | undefined;
  path: string;
  onChange: (value: number | null) => void;
}

function Length({ label, value, path, onChange }: LengthProps) {
  const error = useError(path);
  return (
    <Field label={label} optional error={error}>
      {(tied) => (
        <Input
          {...tied}
          inputMode="numeric"
          value={value ?? ''}
          onChange={(event) => {
            const digits = event.target.value.replace(/\D/g, '').slice(0, 9);
            onChange(digits === '' ? null : Number(digits));
          }}
        />
      )}
    </Field>
  );
}

function Pattern({ value, path, onChange }: { value: string; path: string; onChange: (value: string) => void }) {
  const error = useError(path);
  return (
    <Field label="Pattern" optional help="A regular expression that occurs somewhere in the text; ^ and $ stand for its ends." error={error}>
      {(tied) => (
        <Input
          {...tied}
          value={value}
          spellCheck={false}
          autoComplete="off"
          placeholder="^[0-9]{5}$"
          className="font-mono text-xs"
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

export function FilePanel({ field, path, change }: PanelProps) {
  const typesError = useError(`${path}.allowed_types`);
  const sizeError = useError(`${path}.max_size_mb`);
  const [types, setTypes] = useState((field.allowed_types ?? []).join('\n'));
  return (
    <Section title="Files" isOpen>
      <CheckField label="Several files" checked={field.multiple === true} onChange={(event) => change({ multiple: event.target.checked })} />
      <div className="grid gap-4 sm:grid-cols-2">
        <Field label="Types" optional help="One per line, such as image/* or application/pdf." error={typesError}>
          {(tied) => (
            <TextArea
              {...tied}
              rows={3}
              spellCheck={false}
              className="font-mono text-xs"
              value={types}
              onChange={(event) => {
                setTypes(event.target.value);
                change({ allowed_types: event.target.value.split(/[\n,]/).map((one) => one.trim()).filter(Boolean) });
              }}
            />
          )}
        </Field>
        <Field label="Megabytes, at most" optional help={`${LARGEST_MB} are the most.`} error={sizeError}>
          {(tied) => (
            <Input
              {...tied}
              type="number"
              min={0}
              max={LARGEST_MB}
              step="any"
              value={field.max_size_mb ?? ''}
              onChange={(event) => change({ max_size_mb: event.target.value === '' ? null : Number(event.target.value) })}
            />
          )}
        </Field>
      </div>
    </Section>
  );
}
