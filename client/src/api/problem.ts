/** Errors as people can act on them: what the server says, and what to do next. */
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

/** What a person can do about an error of this code; the server's own words say what is wrong. */
const ADVICE: Record<string, string> = {
  unauthenticated: 'Sign in again.',
  sign_in_again: 'Sign out and in again, then repeat this within 15 minutes.',
  sign_in_failed: 'Check what you entered, or whether you have an account here. After five wrong attempts there is a pause.',
  second_factor_required: 'Sign in again: you are asked for what is needed.',
  own_second_factor: 'You find it in your account, under “Sign-in and sessions”.',
  not_delivered: 'Check the address and the settings of the mail server, or what the receiver says.',
  denied: 'Ask an administrator of your organization for this permission.',
  not_found: 'It may have been deleted, or belong to another organization.',
  gone: 'It is no longer kept.',
  too_many_requests: 'Wait a moment, then try again.',
  busy: 'The platform is busy. Try again in a moment.',
  not_ready: 'The platform is starting. Try again in a moment.',
  internal: 'Try again. If it stays, give the request id to an operator.',
  several_accounts: 'Enter the organization that you want to sign in to.',
  expired: 'Begin again: the link or the code is used up or too old.',
  adapter_failed: 'Look at the adapter’s code and its log, then try again.',
  body_too_large: 'Send less at once; what is large belongs in files.',
  changed_meanwhile: 'Somebody else has changed it. Load it again, then repeat your change.',
  connection_failed: 'Look at the connection under Integrations, and connect it again.',
  data_provider_failed: 'Look at the last run of the data provider: its log says why.',
  files_full: 'Delete files that nobody needs, or ask an operator for more room.',
  integration_in_use: 'Take out what uses it first.',
  last_administrator: 'Make somebody else an administrator first.',
  schedule_from_code: 'Change it in the workflow’s decorator and deploy.',
  endpoint_from_code: 'Change it in the workflow’s decorator and deploy.',
  too_many_runs: 'Wait until some of the runs have ended, then try again.',
  active_changed: 'Another version is active by now. Compare again.',
  provider_refused: 'The provider refused it. Try again, or another way to sign in.',
  provider_failed: 'The provider did not answer as it should. Try again, or tell an operator.',
  wrong_answer: 'Begin again in this browser.',
  unreachable: 'Check the connection; this page goes on by itself.',
};

/** An error in words: what happened, and what to do. */
export interface Explained {
  title: string;
  advice: string | undefined;
  requestId: string | undefined;
}

/** Explains any error. */
export function explain(error: unknown): Explained {
  if (error instanceof ProblemError) {
    return { title: sentence(error.message), advice: ADVICE[error.code], requestId: error.requestId };
  }
  if (error instanceof TypeError) {
    return { title: 'The server cannot be reached.', advice: ADVICE.unreachable, requestId: undefined };
  }
  const title = error instanceof Error ? error.message : String(error);
  return { title: sentence(title), advice: undefined, requestId: undefined };
}

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
