/** A form that is being filled in: what the evaluator is asked, what controls show, which choices fit. */
import type { FormField, FormOption, ProviderInput } from '@/api/forms';
import type { FormState, Json } from '@/expressions';
import { isChoice, readAll, same, toEntered, type Entered, type Values } from './form-values';

/** How a form stands with what is entered. */
export interface Settled {
  /** What controls hold: what was entered, else the default. */
  entered: Entered;
  values: Values;
  state: FormState;
  /** Errors of fields that can be seen, by name. */
  errors: Record<string, string>;
}

/** Options that data providers have, by field. */
export type Offered = Record<string, FormOption[]>;

/**
 * Decides how a form stands. `own` is what was entered; all else has its default. `decide` is given
 * the values, and those options that tell whether a choice is one of them.
 */
export function settle(
  fields: readonly FormField[],
  own: Entered,
  offered: Offered,
  decide: (values: Values, options: Record<string, Json[]>) => FormState,
): Settled {
  const { values, problems } = readAll(fields, own);
  const state = decide(values, relevant(fields, values, offered));
  const entered: Entered = {};
  const errors: Record<string, string> = {};
  for (const field of fields) {
    const { name } = field;
    const decided = state.fields[name];
    const isOwn = name in own && decided?.enabled !== false;
    entered[name] = isOwn ? (own[name] ?? '') : toEntered(field, decided?.default);
    const error = (isOwn ? problems[name] : undefined) ?? decided?.error;
    if (decided?.visible === true && error != null) errors[name] = error;
  }
  return { entered, values, state, errors };
}

/** The options that can matter: thousands of others are not looked at with each letter. */
function relevant(fields: readonly FormField[], values: Values, offered: Offered): Record<string, Json[]> {
  const options: Record<string, Json[]> = {};
  for (const field of fields) {
    const all = offered[field.name];
    if (all === undefined || !isChoice(field)) continue;
    const value = values[field.name];
    const some = value === undefined ? all : chosenOf(value, all);
    options[field.name] = some.map((option) => ({ value: option.value, metadata: option.metadata ?? null }));
  }
  return options;
}

/** What the data provider of a field is asked for: what can be chosen, or what is there at first. */
export type Asked = 'options' | 'default';

/** Who is asked, and with what; nobody where the name is empty. */
export const providerOf = (field: FormField, asked: Asked): { name: string; inputs: Record<string, ProviderInput> } =>
  asked === 'options'
    ? { name: field.data_provider ?? '', inputs: field.data_provider_inputs ?? {} }
    : { name: field.default_data_provider ?? '', inputs: field.default_data_provider_inputs ?? {} };

/** The fields that the answer of a field's data provider depends on. */
export function dependencies(field: FormField, asked: Asked, fieldsOf: (expression: string) => string[]): string[] {
  const names = Object.values(providerOf(field, asked).inputs).flatMap((input) => {
    if (input.mode === 'fieldRef') return [input.field_name];
    return input.mode === 'expression' ? fieldsOf(input.expression) : [];
  });
  return [...new Set(names)];
}

/** The options that are chosen, where they are known. */
export function chosenOf(entered: Json | undefined, options: readonly FormOption[]): FormOption[] {
  const values = Array.isArray(entered) ? entered : [entered];
  return options.filter((option) => values.some((value) => same(value, option.value)));
}

/** What is left of a choice when these are the options; the same thing where nothing changes. */
export function fitting(field: FormField, entered: Json | undefined, options: readonly FormOption[]): Json | undefined {
  const known = (value: Json) => options.some((option) => same(option.value, value));
  if (Array.isArray(entered)) return entered.every(known) ? entered : entered.filter(known);
  if (entered === undefined || entered === '' || entered === null || known(entered)) return entered;
  return toEntered(field, undefined);
}
