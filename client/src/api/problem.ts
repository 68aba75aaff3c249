/** Errors as people can act on them: what the server says, and what to do next. */
import { ADVICE } from './advice';
import type { components } from './schema';
import type { Problem } from './types';

type FileError = components['schemas']['FileError'];

/** An answer of the server that is no success. */
export class ProblemError extends Error {
  readonly status: number;
  readonly code: string;
  readonly field: string | undefined;
  readonly requestId: string | undefined;
  /** Files of a workspace at fault. */
  readonly files: FileError[];
  /** All that is at fault: files, or fields of a form. */
  readonly errors: readonly object[];

  constructor(problem: Partial<Problem> & { status: number }) {
    super(problem.detail ?? problem.title ?? `the server answered ${problem.status}`);
    this.name = 'ProblemError';
    this.status = problem.status;
    this.code = problem.code ?? 'unknown';
    this.field = problem.field ?? undefined;
    this.requestId = problem.request_id;
    this.errors = problem.errors ?? [];
    this.files = (problem.errors ?? []).filter((one): one is FileError => 'path' in one);
  }
}

/** Reads whatever came in place of a success. */
export function problemOf(status: number, body: unknown): ProblemError {
  const known = typeof body === 'object' && body !== null ? (body as Partial<Problem>) : {};
  return new ProblemError({ ...known, status });
}

/** An error in words: what happened, and what to do. */
export interface Explained {
  title: string;
  advice: string | undefined;
  requestId: string | undefined;
}

/** Explains any error. */
export function explain(error: unknown): Explained {
  if (error instanceof ProblemError) {
    return { title: sentence(named(error)), advice: ADVICE[error.code], requestId: error.requestId };
  }
  if (error instanceof TypeError) {
    return { title: 'The server cannot be reached.', advice: ADVICE.unreachable, requestId: undefined };
  }
  const title = error instanceof Error ? error.message : String(error);
  return { title: sentence(title), advice: undefined, requestId: undefined };
}

/** How details begin that are no sentences without their field: "is missing", "expected 1 to 64 characters". */
const FRAGMENT = /^(an?|expected|is|more|must|nested|not|required)\b/;

/** What the server says, after the field that it is about where it needs it. */
const named = ({ field, message }: ProblemError): string =>
  field === undefined || field === 'body' || !FRAGMENT.test(message) ? message : `${field}: ${message}`;

/** The server writes details in lower case, without a full stop. */
export function sentence(text: string): string {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?…:”"')\]]$/.test(begun) ? begun : `${begun}.`;
}

/** True for an error that signing in would end. */
export const isSignedOut = (error: unknown): boolean => error instanceof ProblemError && error.status === 401;

/** True for an error that adding a second factor would end, or signing in with the one that is there. */
export const lacksSecondFactor = (error: unknown): boolean =>
  error instanceof ProblemError && error.code === 'second_factor_required';
