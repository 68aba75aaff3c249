import { Evaluator } from './evaluator';
import url from './expressions.wasm?url';

export type { Diagnostic, FieldState, FormInput, FormState, Json, Kind, Result, Scope } from './evaluator';
export { Evaluator } from './evaluator';

let loading: Promise<Evaluator> | undefined;

/** The evaluator of expressions and forms, loaded when it is asked for the first time. */
export function evaluator(): Promise<Evaluator> {
  loading ??= load().catch((error: unknown) => {
    // The next one who asks tries again.
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(): Promise<Evaluator> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`the evaluator of expressions cannot be loaded: ${response.status}`);
  return new Evaluator(await WebAssembly.compile(await response.arrayBuffer()));
}
