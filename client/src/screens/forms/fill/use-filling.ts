/** A form that somebody fills in: what is entered, how it stands, and what can be done with it. */
import { useEffect, useMemo, useRef, useState } from 'react';
import type { FormContext, FormDefinition, FormField, FormOption } from '@/api/forms';
import type { Evaluator, FormState, Json } from '@/expressions';
import { chosenOf, filledBy, fitting, settle } from '@/lib/form-filling';
import { same, toEntered, type Entered, type Values } from '@/lib/form-values';
import type { Source } from './source';
import { useOptions, type FieldOptions } from './use-options';
import { useUploads, type Upload } from './use-uploads';

interface Setting {
  definition: FormDefinition;
  evaluator: Evaluator;
  source: Source;
  context: FormContext;
  now: string;
}

/** What controls do; stays the same object. */
export interface Actions {
  change: (field: FormField, entered: Json, option?: FormOption) => void;
  /** The field was left: from now on its errors are shown. */
  leave: (name: string) => void;
  retry: (name: string) => void;
  addFiles: (field: FormField, files: Iterable<File>) => void;
  removeFile: (key: string) => void;
  sendAgain: (field: FormField, key: string) => void;
}

export interface Filling {
  fields: FormField[];
  entered: Entered;
  values: Values;
  state: FormState;
  options: Record<string, FieldOptions>;
  uploads: Upload[];
  /** What is shown at fields. */
  errors: Record<string, string>;
  actions: Actions;
  /** Shows all errors from now on, and answers them. */
  attempt: () => Record<string, string>;
  /** Shows what the server says of fields, until they change. */
  refuse: (errors: Record<string, string>) => void;
}

export function useFilling({ definition, evaluator, source, context, now }: Setting): Filling {
  const { fields } = definition;
  const [own, setOwn] = useState<Entered>({});
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [attempted, setAttempted] = useState(false);
  const [refused, setRefused] = useState<Record<string, string>>({});

  const earlier = useRef<Entered>({});
  const settled = useMemo(
    () =>
      settle(fields, own, earlier.current, (values) =>
        evaluator.form(definition, { values, context: { ...context }, now }),
      ),
    [fields, own, evaluator, definition, context, now],
  );
  useEffect(() => {
    earlier.current = settled.entered;
  }, [settled]);

  const set = (changed: Entered) => {
    setOwn((old) => ({ ...old, ...changed }));
    setRefused((old) => Object.fromEntries(Object.entries(old).filter(([name]) => !(name in changed))));
  };
  const options = useOptions(fields, settled, source, evaluator);
  const uploads = useUploads(source, (name, ids) => set({ [name]: ids }));

  // Options that came may not have what was chosen; and a choice may fill in other fields.
  useEffect(() => {
    const changed: Entered = {};
    for (const field of fields) {
      const offered = options[field.name]?.options;
      const entered = settled.entered[field.name];
      if (offered === undefined) continue;
      const left = fitting(field, entered, offered) ?? '';
      if (!same(left, entered)) changed[field.name] = left;
      const filled = entriesFor(fields, filledBy(field, chosenOf(left, offered)[0]));
      for (const [name, value] of filled) if (!(name in own)) changed[name] = value;
    }
    if (Object.keys(changed).length > 0) setOwn((old) => ({ ...old, ...changed }));
  });

  const latest = useRef({ fields, options, set });
  latest.current = { fields, options, set };
  const { add, remove, again } = uploads;
  const actions = useMemo(
    (): Actions => ({
      change: (field, entered, option) => {
        const filled = entriesFor(latest.current.fields, filledBy(field, option));
        latest.current.set({ ...Object.fromEntries(filled), [field.name]: entered });
      },
      leave: (name) => setLeft((old) => (old.has(name) ? old : new Set([...old, name]))),
      retry: (name) => latest.current.options[name]?.retry(),
      addFiles: add,
      removeFile: remove,
      sendAgain: again,
    }),
    [add, remove, again],
  );

  const all = { ...settled.errors };
  for (const { name } of fields) {
    if (settled.state.fields[name]?.visible !== true) continue;
    const files = uploads.all.filter((one) => one.field === name);
    if (files.some(({ problem }) => problem !== undefined)) all[name] = 'Send the file again, or take it out';
    else if (files.some(({ id }) => id === undefined)) all[name] = 'Wait until the file is there';
    else if (options[name]?.loading === true && name in settled.values) all[name] = 'Wait until the choices are there';
  }
  const shown: Record<string, string> = {};
  for (const { name } of fields) {
    const error = refused[name] ?? (attempted || left.has(name) ? all[name] : undefined);
    if (error !== undefined) shown[name] = error;
  }
  return {
    fields,
    entered: settled.entered,
    values: settled.values,
    state: settled.state,
    options,
    uploads: uploads.all,
    errors: shown,
    actions,
    attempt: () => {
      setAttempted(true);
      setRefused({});
      return all;
    },
    refuse: setRefused,
  };
}

/** Values for other fields, as their controls hold them. */
function entriesFor(fields: readonly FormField[], values: Record<string, Json>): [string, Json][] {
  return Object.entries(values).flatMap(([name, value]) => {
    const field = fields.find((one) => one.name === name);
    return field === undefined ? [] : [[name, toEntered(field, value)] as [string, Json]];
  });
}
