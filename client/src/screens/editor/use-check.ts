/** What the build says to the code as it is now: after a pause of typing, and when it is asked. */
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { api, call } from '@/api/client';
import { ProblemError } from '@/api/problem';
import type { components } from '@/api/schema';
import { useCalm } from '@/lib/hooks';
import { asFiles, type Edits } from './edits';
import type { WorkflowInfo } from './symbols';
import type { Editor } from './use-editor';

/** A pause of typing after which the code is checked, in milliseconds. */
const PAUSE = 600;

/** So long after another check of the organization it is tried again, in milliseconds. */
const AGAIN = 2_000;

/** Something that the build has to say. */
export interface Problem {
  path: string;
  line: number | undefined;
  text: string;
  isError: boolean;
}

/** What was found in the code. */
export interface Report {
  problems: Problem[];
  workflows: WorkflowInfo[];
  packages: components['schemas']['Package'][];
  added: string[];
  updated: string[];
  removed: string[];
  /** Why the packages cannot be had; then nothing was built. */
  refusal: string | undefined;
}

export interface Check {
  report: Report;
  isChecking: boolean;
  /** True when the report is of the code as it is now. */
  isCurrent: boolean;
  /** What kept it from being checked. */
  error: unknown;
  /** Checks at once. */
  now: () => void;
}

type Found = Pick<Partial<components['schemas']['CheckResponse']>, 'errors' | 'warnings' | 'workflows' | 'packages'> &
  Partial<Pick<Report, 'added' | 'updated' | 'removed'>>;

export function useCheck(editor: Editor): Check {
  const { edits, version, mayEdit } = editor;
  const deployed = useMemo(() => reportOf(editor.workspace.report), [editor.workspace.report]);
  const [last, setLast] = useState<{ report: Report; edits: Edits; version: number }>();
  const [isChecking, setChecking] = useState(false);
  const [error, setError] = useState<unknown>();
  const [asked, setAsked] = useState<Edits>();
  const calm = useCalm(edits, PAUSE);
  const subject = asked === edits ? edits : calm;
  const ready = mayEdit && subject === edits && edits.size > 0;
  useEffect(() => {
    if (!ready) return;
    const abort = new AbortController();
    const check = async () => {
      setChecking(true);
      const report = await checked(subject, abort.signal);
      setLast({ report, edits: subject, version });
      setError(undefined);
      setChecking(false);
    };
    check().catch((problem: unknown) => {
      if (abort.signal.aborted) return;
      setError(problem);
      setChecking(false);
    });
    return () => {
      abort.abort();
      setChecking(false);
    };
  }, [ready, subject, version]);
  const latest = useRef(edits);
  latest.current = edits;
  const now = useCallback(() => setAsked(latest.current), []);
  if (edits.size === 0) return { report: deployed, isChecking: false, isCurrent: true, error: undefined, now };
  const isCurrent = last?.edits === edits && last.version === version;
  return { report: last?.report ?? deployed, isChecking, isCurrent, error, now };
}

async function checked(edits: Edits, signal: AbortSignal): Promise<Report> {
  const body = { files: asFiles(edits) };
  for (;;) {
    try {
      return reportOf(await call(api.POST('/api/workspace/check', { body, signal })));
    } catch (problem) {
      if (!(problem instanceof ProblemError)) throw problem;
      if (problem.code === 'requirements_refused') {
        return { ...reportOf({ errors: problem.files }), refusal: problem.message };
      }
      if (problem.status !== 429 && problem.code !== 'busy') throw problem;
      await new Promise((resolve) => setTimeout(resolve, AGAIN));
      signal.throwIfAborted();
    }
  }
}

function reportOf({ errors = [], warnings = [], workflows = [], packages = [], ...effects }: Found): Report {
  const problems: Problem[] = [
    ...errors.map(({ path, line, type, message }) => ({ path, line: line ?? undefined, text: `${type}: ${message}`, isError: true })),
    ...warnings.map(({ path, line, message }) => ({ path, line: line ?? undefined, text: message, isError: false })),
  ];
  const { added = [], updated = [], removed = [] } = effects;
  return { problems, workflows, packages, added, updated, removed, refusal: undefined };
}
