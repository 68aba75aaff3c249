/** Options of a form that is not kept yet: real data providers, asked with what the preview holds. */
import { api, call } from '@/api/client';
import type { FormField, FormOption } from '@/api/forms';
import type { Evaluator, Json, Scope } from '@/expressions';
import { providerOf, type Asked } from '@/lib/form-filling';
import type { Source } from '../fill/source';

/** What a provider is asked with, and which inputs are not there yet. */
export function providerInput(
  field: FormField,
  asked: Asked,
  evaluator: Evaluator,
  scope: Scope,
): { input: Record<string, Json>; missing: string[] } {
  const input: Record<string, Json> = {};
  const missing: string[] = [];
  for (const [name, from] of Object.entries(providerOf(field, asked).inputs)) {
    let value: Json;
    if (from.mode === 'static') {
      value = from.value;
    } else if (from.mode === 'fieldRef') {
      value = scope.fields[from.field_name] ?? null;
    } else {
      const result = evaluator.evaluate(from.expression, scope);
      if (!result.ok) throw new Error(`the input “${name}” has an error: ${result.error.message}`);
      value = result.value;
    }
    const isNothing = value === null || value === '' || (Array.isArray(value) && value.length === 0);
    if (isNothing && from.mode !== 'static') missing.push(name);
    else if (value !== null) input[name] = value;
  }
  return { input, missing };
}

/** That of a preview; `scope` answers what rules see beside the fields. Files stay where they are. */
export function previewSource(evaluator: Evaluator, scope: () => Omit<Scope, 'fields'>): Source {
  return {
    key: ['preview'],
    options: async (field, asked, { state }, signal) => {
      const { input, missing } = providerInput(field, asked, evaluator, { ...scope(), fields: state.data });
      if (missing.length > 0) return { options: [], missing };
      const answer = await call(
        api.POST('/api/data-providers/{id}/invoke', {
          params: { path: { id: providerOf(field, asked).name } },
          body: { input_data: input },
          signal,
        }),
      );
      return { options: answer.options as unknown as FormOption[], missing: [] };
    },
    upload: (_field, _file, progress) => {
      progress(1);
      return Promise.resolve(crypto.randomUUID());
    },
  };
}
