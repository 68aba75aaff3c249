/** A form that is being filled in: defaults that follow, choices that fit, errors that are shown. */
import type { FormField, FormOption, ProviderInput } from '@/api/forms';
import type { FormState, Json } from '@/expressions';
import { readAll, same, toEntered, type Entered, type Values } from './form-values';

/** How a form stands with what is entered. */
export interface Settled {
  /** With the defaults of what nobody has filled in. */
  entered: Entered;
  values: Values;
  state: FormState;
  /** Errors of fields that can be seen, by name. */
  errors: Record<string, string>;
}

/** A default may depend on others. This many rounds lead through the longest chains that people write. */
const MOST_ROUNDS = 12;

/**
 * Lets what nobody has filled in follow its default, until nothing changes any more.
 * `own` is what was entered, by a person, a choice or the address.
 */
export function settle(
  fields: readonly FormField[],
  own: Entered,
  earlier: Entered,
  decide: (values: Values) => FormState,
): Settled {
  const entered: Entered = {};
  for (const field of fields) entered[field.name] = own[field.name] ?? earlier[field.name] ?? toEntered(field, undefined);
  for (let round = 1; ; round += 1) {
    const { values, problems } = readAll(fields, entered);
    const state = decide(values);
    let changed = false;
    for (const field of fields) {
      const decided = state.fields[field.name];
      if (field.name in own || decided === undefined) continue;
      const now = toEntered(field, decided.default);
      if (same(now, entered[field.name])) continue;
      entered[field.name] = now;
      changed = true;
    }
    if (!changed || round === MOST_ROUNDS) return { entered, values, state, errors: errorsOf(fields, state, problems) };
  }
}

function errorsOf(fields: readonly FormField[], state: FormState, problems: Record<string, string>): Record<string, string> {
  const errors: Record<string, string> = {};
  for (const { name } of fields) {
    const decided = state.fields[name];
    const error = (decided?.enabled === true ? problems[name] : undefined) ?? decided?.error;
    if (decided?.visible === true && error != null) errors[name] = error;
  }
  return errors;
}

/** The fields that the options of a field depend on. */
export function dependencies(field: FormField, fieldsOf: (expression: string) => string[]): string[] {
  const names = Object.values(field.data_provider_inputs ?? {}).flatMap((input: ProviderInput) => {
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

/** What other fields get with a choice. */
export function filledBy(field: FormField, option: FormOption | undefined): Record<string, Json> {
  const filled: Record<string, Json> = {};
  for (const [name, key] of Object.entries(field.auto_fill ?? {})) {
    const value = option?.metadata?.[key];
    if (value !== undefined && value !== null) filled[name] = value;
  }
  return filled;
}

/** What is left of a choice when these are the options; the same thing where nothing changes. */
export function fitting(field: FormField, entered: Json | undefined, options: readonly FormOption[]): Json | undefined {
  const known = (value: Json) => options.some((option) => same(option.value, value));
  if (Array.isArray(entered)) return entered.every(known) ? entered : entered.filter(known);
  if (entered === undefined || entered === '' || entered === null || known(entered)) return entered;
  return toEntered(field, undefined);
}
