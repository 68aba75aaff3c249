/** The definition that is being built, with a way back. */
import { useCallback, useMemo, useRef, useState } from 'react';
import type { FormDefinition, FormField } from '@/api/forms';
import { tidy } from '@/lib/form-draft';

/** Changes of the same thing within so many milliseconds are one step. */
const TOGETHER = 1_500;
/** The largest number of steps back. */
const MOST_STEPS = 100;

export interface Draft {
  form: FormDefinition;
  /** `what` names what is changed: quick changes of the same are undone together. */
  change: (change: (form: FormDefinition) => FormDefinition, what?: string) => void;
  changeField: (name: string, change: Partial<FormField>) => void;
  undo: (() => void) | undefined;
  isDirty: boolean;
  /** Names of fields that people may already send to the workflow. */
  keptNames: ReadonlySet<string>;
  /** What it is now is what is kept, or this is. */
  keep: (form?: FormDefinition) => void;
}

export function useDraft(initial: FormDefinition, kept: FormDefinition): Draft {
  const [form, setForm] = useState(initial);
  const [steps, setSteps] = useState<FormDefinition[]>([]);
  const [saved, setSaved] = useState(kept);
  const last = useRef<{ what: string | undefined; at: number }>({ what: undefined, at: 0 });
  const latest = useRef(form);
  latest.current = form;

  const change = useCallback((make: (form: FormDefinition) => FormDefinition, what?: string) => {
    const before = latest.current;
    const after = make(before);
    if (after === before) return;
    const at = Date.now();
    const together = what !== undefined && last.current.what === what && at - last.current.at < TOGETHER;
    last.current = { what, at };
    latest.current = after;
    setForm(after);
    if (!together) setSteps((old) => [...old.slice(-MOST_STEPS), before]);
  }, []);

  const changeField = useCallback(
    (name: string, changed: Partial<FormField>) =>
      change(
        (before) => ({
          ...before,
          fields: before.fields.map((field) => (field.name === name ? { ...field, ...changed } : field)),
        }),
        `${name} ${Object.keys(changed).join(' ')}`,
      ),
    [change],
  );

  const undo = () => {
    const before = steps.at(-1);
    if (before === undefined) return;
    last.current = { what: undefined, at: 0 };
    setForm(before);
    setSteps(steps.slice(0, -1));
  };
  const isDirty = useMemo(() => JSON.stringify(tidy(form)) !== JSON.stringify(tidy(saved)), [form, saved]);
  const keptNames = useMemo(() => new Set(saved.fields.map(({ name }) => name)), [saved]);
  return {
    form,
    change,
    changeField,
    undo: steps.length === 0 ? undefined : undo,
    isDirty,
    keptNames,
    keep: (other) => {
      if (other !== undefined) {
        setForm(other);
        setSteps([]);
      }
      setSaved(other ?? form);
    },
  };
}
