/** What is wrong with a form, all of it, with a way to each field. */
import { CircleAlert } from 'lucide-react';
import { useEffect, useId, useRef } from 'react';
import type { FormField } from '@/api/forms';
import { labelOf } from '@/lib/form-values';
import { plural } from '@/lib/format';

interface Props {
  fields: FormField[];
  errors: Record<string, string>;
  /** Grows with each attempt, and brings the focus here. */
  attempt: number;
}

/** Brings the focus to the first control of a field. */
export function focusField(name: string): void {
  const field = document.getElementById(`field-${name}`);
  const control = field?.querySelector<HTMLElement>(
    'input:not([tabindex="-1"]):not(:disabled), select:not(:disabled), textarea:not(:disabled), button:not(:disabled)',
  );
  field?.scrollIntoView({ block: 'center' });
  control?.focus({ preventScroll: true });
}

export function ErrorSummary({ fields, errors, attempt }: Props) {
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (attempt > 0) box.current?.focus();
  }, [attempt]);
  const wrong = fields.filter(({ name }) => name in errors);
  if (attempt === 0 || wrong.length === 0) return null;
  return (
    <div ref={box} role="group" aria-labelledby={id} tabIndex={-1} className="flex items-start gap-2 rounded-md bg-bad-soft px-3 py-2.5 text-ui">
      <CircleAlert className="mt-0.5 size-4 shrink-0 text-bad" aria-hidden />
      <div className="grid min-w-0 gap-1">
        <p id={id} className="font-medium">
          {plural(wrong.length, 'field needs', 'fields need')} your attention
        </p>
        <ul className="grid gap-0.5">
          {wrong.map((field) => (
            <li key={field.name} className="min-w-0 break-words">
              <a
                href={`#field-${field.name}`}
                className="underline underline-offset-2"
                onClick={(event) => {
                  event.preventDefault();
                  focusField(field.name);
                }}
              >
                {labelOf(field)}
              </a>
              : {errors[field.name]}
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
