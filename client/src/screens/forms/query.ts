/** What the addresses of forms may say. */
import type { FormDefinition, FormSummary } from '@/api/forms';
import type { Search } from '@/lib/search';

/** What of an address a form takes. */
export function queryFor(form: Pick<FormDefinition, 'query_parameters' | 'fields'>, search: Search): Record<string, string> {
  const names = [
    ...(form.query_parameters ?? []),
    ...form.fields.filter((field) => field.allow_as_query_param === true).map(({ name }) => name),
  ];
  const pairs = names.flatMap((name) => {
    const value = Object.hasOwn(search, name) ? search[name] : undefined;
    return value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(pairs);
}

/** Forms in which each word is found. */
export function matching(all: readonly FormSummary[], q: string | undefined): FormSummary[] {
  const words = (q ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  return all.filter((form) => {
    const text = [form.name, form.description ?? '', form.workflow_name ?? ''].join('\n').toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
