/** What a data provider is asked with: its parameters that are named like other fields of the form. */
import type { Parameter } from '@/api/types';
import { read, type Field, type Values } from './parameters';

export interface AskedWith {
  input: Record<string, unknown>;
  /** Fields that have to be filled in first. */
  missing: Field[];
}

export function askedWith(
  parameters: readonly Pick<Parameter, 'name' | 'required'>[],
  field: Field,
  fields: readonly Field[],
  values: Partial<Values>,
): AskedWith {
  const input: Record<string, unknown> = {};
  const missing: Field[] = [];
  for (const { name, required } of parameters) {
    const other = fields.find((one) => one.name === name && one.name !== field.name);
    if (other === undefined) continue;
    const result = read(other, values[name] ?? '');
    const value = 'value' in result ? result.value : undefined;
    if (value !== undefined) input[name] = value;
    else if (required) missing.push(other);
  }
  return { input, missing };
}
