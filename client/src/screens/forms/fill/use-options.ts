/** What data providers answer for the fields of a form: what can be chosen, and what is there at first. */
import { useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { FormField, FormOption } from '@/api/forms';
import type { Evaluator } from '@/expressions';
import { dependencies, providerOf, type Asked, type Settled } from '@/lib/form-filling';
import type { Source } from './source';

/** How the options of a field stand. */
export interface FieldOptions {
  /** None before they are there. */
  options: FormOption[] | undefined;
  /** Inputs of the provider that are not there yet. */
  missing: string[];
  loading: boolean;
  error: unknown;
  retry: () => void;
}

/** Who types is not asked after with each letter, in milliseconds. */
const PAUSE = 250;
/** Options stay for so long, in milliseconds; the server keeps them too. */
const STALE = 300_000;

const NONE: string[] = [];
const TYPED = ['text', 'email', 'textarea', 'number'];

export function useOptions(
  fields: readonly FormField[],
  asked: Asked,
  settled: Settled,
  source: Source,
  evaluator: Evaluator,
): Record<string, FieldOptions> {
  const provided = useMemo(
    () =>
      fields
        .filter((field) => providerOf(field, asked).name !== '')
        .map((field) => {
          const needs = dependencies(field, asked, (expression) => evaluator.fields(expression));
          const typed = fields.some(({ name, type }) => needs.includes(name) && TYPED.includes(type));
          return { field, needs, typed };
        }),
    [fields, asked, evaluator],
  );
  const queries = useQueries({
    queries: provided.map(({ field, needs, typed }) => {
      const decided = settled.state.fields[field.name];
      const inputs = needs.map((name) => settled.state.data[name] ?? null);
      const provider = providerOf(field, asked);
      return {
        queryKey: ['form-options', asked, ...source.key, field.name, provider, inputs],
        queryFn: async ({ signal }: { signal: AbortSignal }) => {
          if (typed) await pause(signal);
          return source.options(field, asked, settled, signal);
        },
        enabled: asked === 'default' ? decided?.needs_default === true : decided?.visible === true && decided.enabled,
        staleTime: STALE,
        retry: false,
      };
    }),
  });
  return Object.fromEntries(
    provided.map(({ field }, at) => {
      const query = queries[at];
      const found: FieldOptions = {
        options: query?.data?.options,
        missing: query?.data?.missing ?? NONE,
        loading: query?.isFetching === true && query.data === undefined,
        error: query?.isFetching === true ? null : (query?.error ?? null),
        retry: () => void query?.refetch(),
      };
      return [field.name, found];
    }),
  );
}

function pause(signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, PAUSE);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new DOMException('taken back', 'AbortError'));
    });
  });
}
