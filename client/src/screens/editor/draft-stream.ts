/** Runs code that is not deployed, and reads what it says while it runs. */
import { scopeHeaders } from '@/api/client';
import { problemOf } from '@/api/problem';
import type { components } from '@/api/schema';
import type { LogLine, Problem, Status } from '@/api/types';

/** How a draft ended. */
export interface Outcome {
  status: Status;
  result: unknown;
  result_type: components['schemas']['ResultType'] | null;
  error: string | null;
  error_type: string | null;
  traceback: string | null;
  variables: unknown;
  fuel_used: number;
  memory_peak_bytes: number;
  duration_ms: number;
}

export interface DraftRequest {
  files: Record<string, string | null>;
  workflow: string;
  input_data: Record<string, unknown>;
}

type Line = ({ type: 'log' } & LogLine) | ({ type: 'outcome' } & Outcome) | ({ type: 'error' } & Problem);

/** Cuts what arrives into whole lines. */
export function lineCutter(): (piece: string) => string[] {
  let rest = '';
  return (piece) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    return lines.filter((line) => line !== '');
  };
}

/** Runs a draft; closing it by the signal ends it. Throws a `ProblemError` where it was refused. */
export async function runDraft(
  request: DraftRequest,
  signal: AbortSignal,
  onLog: (lines: LogLine[]) => void,
): Promise<Outcome> {
  const answer = await fetch('/api/drafts', {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...scopeHeaders() },
    body: JSON.stringify(request),
    signal,
  });
  if (!answer.ok || answer.body === null) {
    throw problemOf(answer.status, await answer.json().catch((): unknown => undefined));
  }
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  const cut = lineCutter();
  let outcome: Outcome | undefined;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const logs: LogLine[] = [];
    for (const text of cut(value)) {
      const line = JSON.parse(text) as Line;
      if (line.type === 'log') logs.push(line);
      else if (line.type === 'error') throw problemOf(line.status, line);
      else outcome = line;
    }
    if (logs.length > 0) onLog(logs);
  }
  if (outcome === undefined) throw new Error('the connection broke before the end; run it again');
  return outcome;
}
