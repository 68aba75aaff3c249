/** Checks the form that a workflow's parameters make. */
import type { FieldErrors, Resolver } from 'react-hook-form';
import { readAll, type Entered, type Field } from '@/lib/parameters';

export type Values = Record<string, Entered>;
export type Input = Record<string, unknown>;

/** Reads the whole form at once; problems stand at their fields. */
export const resolver = (fields: Field[]): Resolver<Values, unknown, Input> =>
  (values) => {
    const result = readAll(fields, values);
    if ('input' in result) return { values: result.input, errors: {} };
    const errors = Object.entries(result.problems).map(([name, message]) => [name, { type: 'value', message }]);
    return { values: {}, errors: Object.fromEntries(errors) as FieldErrors<Values> };
  };
