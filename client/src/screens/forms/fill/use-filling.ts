/** A form that somebody fills in: what is entered, how it stands, and what can be done with it. */
import { useEffect, useMemo, useRef, useState } from 'react';
import type { FormContext, FormDefinition, FormField } from '@/api/forms';
import type { Evaluator, FormState, Json } from '@/expressions';
import { fitting, settle, type Asked, type Offered } from '@/lib/form-filling';
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
  retry: (name: string, asked: Asked) => void;
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
  /** What data providers say is there at first. */
  defaults: Record<string, FieldOptions>;
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
  const [first, setFirst] = useState<Offered>({});
  const settled = useMemo(
    () =>
      settle(fields, own, offered, (values, known) =>
        evaluator.form(definition, { values, context: { ...context }, now, options: known, defaults: plain(first) }),
      ),
    [fields, own, offered, first, evaluator, definition, context, now],
  );

  const set = (changed: Entered) => {
    setOwn((old) => ({ ...old, ...changed }));
    setRefused((old) => Object.fromEntries(Object.entries(old).filter(([name]) => !(name in changed))));
  };
  const options = useOptions(fields, 'options', settled, source, evaluator);
  const defaults = useOptions(fields, 'default', settled, source, evaluator);
  const uploads = useUploads(source, (name, ids) => set({ [name]: ids }));

  // What came counts from now on; what was chosen may be none of the options, once all of it counts.
  useEffect(() => {
    const [choices, firsts] = [came(options), came(defaults)];
    if (isNew(choices, offered) || isNew(firsts, first)) {
      setOffered(choices);
      setFirst(firsts);
      return;
    }
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

  const latest = useRef({ options, defaults, set });
  latest.current = { options, defaults, set };
  const { add, remove, again } = uploads;
  const actions = useMemo(
    (): Actions => ({
      change: (field, entered) => latest.current.set({ [field.name]: entered }),
      leave: (name) => setLeft((old) => (old.has(name) ? old : new Set([...old, name]))),
      retry: (name, asked) => latest.current[asked === 'default' ? 'defaults' : 'options'][name]?.retry(),
      addFiles: add,
      removeFile: remove,
      sendAgain: again,
    }),
    [add, remove, again],
  );

  const all = { ...settled.errors };
  for (const { name } of fields) {
    const decided = settled.state.fields[name];
    if (decided?.visible !== true) continue;
    const files = uploads.all.filter((one) => one.field === name);
    if (files.some(({ problem }) => problem !== undefined)) all[name] = 'Send the file again, or take it out';
    else if (files.some(({ id }) => id === undefined)) all[name] = 'Wait until the file is there';
    else if (options[name]?.loading === true && name in settled.state.data) all[name] = 'Wait until the choices are there';
    else if (decided.needs_default && defaults[name]?.loading === true) all[name] = 'Wait until it is filled in';
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
    defaults,
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

/** The options that came, by field. */
const came = (found: Record<string, FieldOptions>): Offered =>
  Object.fromEntries(Object.entries(found).flatMap(([name, { options }]) => (options === undefined ? [] : [[name, options] as const])));

const isNew = (found: Offered, known: Offered): boolean =>
  Object.keys(found).length !== Object.keys(known).length || Object.entries(found).some(([name, list]) => known[name] !== list);

/** The first value of each: no other counts. */
const plain = (offered: Offered): Record<string, Json[]> =>
  Object.fromEntries(Object.entries(offered).map(([name, list]) => [name, list.slice(0, 1).map(({ value }) => value)]));
