/** Tells what a form would send, as far as it is right. */
import { useEffect } from 'react';
import type { UseFormGetValues, UseFormWatch } from 'react-hook-form';
import { readAll, type Field, type Values } from '@/lib/parameters';

interface Told {
  watch: UseFormWatch<Values>;
  getValues: UseFormGetValues<Values>;
  fields: readonly Field[];
  onInput: ((input: Record<string, unknown>) => void) | undefined;
}

export function useTold({ watch, getValues, fields, onInput }: Told): void {
  useEffect(() => {
    if (onInput === undefined) return;
    const tell = () => {
      const result = readAll(fields, getValues());
      if ('input' in result) onInput(result.input);
    };
    tell();
    const subscription = watch(tell);
    return () => subscription.unsubscribe();
  }, [watch, getValues, fields, onInput]);
}
