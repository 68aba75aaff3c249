/** A form that somebody fills in: what is entered, how it stands, and what can be done with it. */
import { useEffect, useMemo, useRef, useState } from 'react';
import type { FormContext, FormDefinition, FormField } from '@/api/forms';
import type { Evaluator, FormState, Json } from '@/expressions';
import { fitting, settle, type Offered } from '@/lib/form-filling';
import { same, type Entered, type Values } from '@/lib/form-values';
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
  change: (field: FormField, entered: Json) => void;
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

  const [offered, setOffered] = useState<Offered>({});
  const settled = useMemo(
    () =>
      settle(fields, own, offered, (values, known) =>
        evaluator.form(definition, { values, context: { ...context }, now, options: known }),
      ),
    [fields, own, offered, evaluator, definition, context, now],
  );

  const set = (changed: Entered) => {
    setOwn((old) => ({ ...old, ...changed }));
    setRefused((old) => Object.fromEntries(Object.entries(old).filter(([name]) => !(name in changed))));
  };
  const options = useOptions(fields, settled, source, evaluator);
  const uploads = useUploads(source, (name, ids) => set({ [name]: ids }));

  // Options that came count from now on; what was chosen may be none of them.
  useEffect(() => {
    const came = Object.entries(options).flatMap(([name, found]) =>
      found.options === undefined ? [] : [[name, found.options] as const],
    );
    const isNew = came.length !== Object.keys(offered).length || came.some(([name, list]) => offered[name] !== list);
    if (isNew) setOffered(Object.fromEntries(came));
    const changed: Entered = {};
    for (const field of fields) {
      const list = options[field.name]?.options;
      if (list === undefined || settled.state.fields[field.name]?.enabled !== true) continue;
      const entered = settled.entered[field.name];
      const left = fitting(field, entered, list) ?? '';
      if (!same(left, entered)) changed[field.name] = left;
    }
    if (Object.keys(changed).length > 0) setOwn((old) => ({ ...old, ...changed }));
  });

  const latest = useRef({ options, set });
  latest.current = { options, set };
  const { add, remove, again } = uploads;
  const actions = useMemo(
    (): Actions => ({
      change: (field, entered) => latest.current.set({ [field.name]: entered }),
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
    else if (options[name]?.loading === true && name in settled.state.data) all[name] = 'Wait until the choices are there';
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
