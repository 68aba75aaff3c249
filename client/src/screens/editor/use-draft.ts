/** One draft after another, with its log and its end. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { LogStore } from '@/lib/log-store';
import { runDraft, type Outcome } from './draft-stream';
import { asFiles, type Edits } from './edits';

export interface Draft {
  isRunning: boolean;
  /** Nothing before the first run. */
  log: LogStore | undefined;
  outcome: Outcome | undefined;
  /** From the press until its first line, or its end without one; in milliseconds. */
  firstMs: number | undefined;
  error: unknown;
  run: (
    workflow: string,
    edits: Edits,
    input: Record<string, unknown>,
    onRefused: (problem: Error) => void,
  ) => Promise<void>;
  stop: () => void;
}

interface State {
  isRunning: boolean;
  log?: LogStore;
  outcome?: Outcome;
  firstMs?: number;
  error?: unknown;
}

export function useDraft(): Draft {
  const [state, setState] = useState<State>({ isRunning: false });
  const abort = useRef<AbortController>(undefined);
  useEffect(() => () => abort.current?.abort(), []);
  const run = useCallback<Draft['run']>(async (workflow, edits, input, onRefused) => {
    abort.current?.abort();
    const mine = new AbortController();
    abort.current = mine;
    const log = new LogStore();
    const begin = performance.now();
    let isFirst = true;
    const noteFirst = () => {
      if (isFirst) setState((old) => ({ ...old, firstMs: performance.now() - begin }));
      isFirst = false;
    };
    setState({ isRunning: true, log });
    try {
      const request = { files: asFiles(edits), workflow, input_data: input };
      const outcome = await runDraft(request, mine.signal, (lines) => {
        log.add(lines);
        noteFirst();
      });
      noteFirst();
      log.finish();
      setState((old) => ({ ...old, isRunning: false, outcome }));
    } catch (problem) {
      if (mine !== abort.current) return;
      log.finish();
      const error = mine.signal.aborted ? undefined : problem;
      if (error instanceof Error) onRefused(error);
      setState((old) => ({ ...old, isRunning: false, ...(error === undefined ? {} : { error }) }));
    }
  }, []);
  const stop = useCallback(() => abort.current?.abort(), []);
  const { isRunning, log, outcome, firstMs, error } = state;
  return { isRunning, log, outcome, firstMs, error, run, stop };
}
