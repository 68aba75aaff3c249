/** What the addresses of forms may say. */
import type { FormDefinition, FormSummary } from '@/api/forms';

/** Any name: which of them count, the form says. */
export type FillSearch = Record<string, string | undefined>;

/** Longest address of a form, in parameters. */
const MOST = 50;

/** Names and texts of an address, without what is absurdly long. */
export function fillSearch(raw: Record<string, unknown>): FillSearch {
  const pairs = Object.entries(raw).filter(
    (pair): pair is [string, string] => typeof pair[1] === 'string' && pair[0].length <= 100 && pair[1].length <= 2_000,
  );
  return Object.fromEntries(pairs.filter(([name]) => name !== 'org').slice(0, MOST));
}

/** What of an address a form takes. */
export function queryFor(form: Pick<FormDefinition, 'query_parameters' | 'fields'>, search: FillSearch): Record<string, string> {
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
