/** Forms as the API has them, and all calls of them. */
import { queryOptions } from '@tanstack/react-query';
import type { Json } from '@/expressions';
import { scopeHeaders } from './client';
import { ProblemError, problemOf } from './problem';
import type { Narrow, Schemas } from './types';

export type Access = Schemas['FormAccess'];
export type FieldType = Schemas['FormFieldType'];
export type FieldValidation = Narrow<Schemas['FormValidation'], { min?: number | string | null; max?: number | string | null }>;
export type FormProblem = Schemas['FormProblem'];
export type FormSummary = Schemas['FormSummary'];
export type UploadSlot = Schemas['UploadView'];

/** A choice; `metadata` is what other fields can be filled with. */
export interface FormOption {
  label: string;
  value: Json;
  description?: string | null;
  metadata?: Record<string, Json> | null;
}

/** Where an input of a data provider comes from. */
export type ProviderInput = Exclude<Schemas['FormProviderInput'], { mode: 'static' }> | { mode: 'static'; value: Json };

export type FormField = Narrow<
  Schemas['FormField'],
  {
    default_value?: Json;
    validation?: FieldValidation | null;
    options?: FormOption[];
    data_provider_inputs?: Record<string, ProviderInput>;
    default_data_provider_inputs?: Record<string, ProviderInput>;
  }
>;

/** What a form is, as it is written and as it stands in a workspace's `forms/*.yaml`. */
export type FormDefinition = Narrow<
  Schemas['FormDefinition'],
  { access: Access; fields: FormField[]; launch_parameters?: Record<string, Json> }
>;

export type FormView = Narrow<Schemas['FormView'], FormDefinition>;

/** What the rules of a form see beside its fields. */
export interface FormContext {
  user: Json;
  organization: Json;
  query: Record<string, Json>;
  workflow: Json;
}

/** A form that was opened to be filled in. */
export type OpenedForm = Narrow<Schemas['OpenedForm'], { context: FormContext }>;

/** The choices of a field, and the inputs that are not there yet. */
export type OptionsAnswer = Narrow<Schemas['FieldOptions'], { options: FormOption[] }>;

/** Values to send, and when to start. */
export type Submission = Narrow<Schemas['SubmitForm'], { values: Record<string, Json> }>;

async function ask<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
  const response = await fetch(path, {
    method,
    headers: { ...scopeHeaders(), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await response.text();
  if (!response.ok) throw problemOf(response.status, parsed(text));
  return (text === '' ? undefined : parsed(text)) as T;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const at = (id: string, action = '') => `/api/forms/${encodeURIComponent(id)}${action}`;

export const formsQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['forms', organization],
    queryFn: ({ signal }) => ask<Schemas['FormList']>('GET', '/api/forms', undefined, signal),
    select: (answer) => answer.forms,
    staleTime: 30_000,
  });

export const formQuery = (organization: string | undefined, id: string) =>
  queryOptions({
    queryKey: ['form', organization, id],
    queryFn: ({ signal }) => ask<FormView>('GET', at(id), undefined, signal),
  });

export const createForm = (form: FormDefinition): Promise<FormView> => ask('POST', '/api/forms', form);

/** Refused with `changed_meanwhile` unless `revision` is the last one. */
export const changeForm = (id: string, form: FormDefinition, revision: number): Promise<FormView> =>
  ask('PUT', at(id), { ...form, revision });

export const deleteForm = (id: string): Promise<void> => ask('DELETE', at(id));

export const checkForm = (form: FormDefinition, signal?: AbortSignal): Promise<Schemas['FormProblems']> =>
  ask('POST', '/api/forms/check', form, signal);

export const openForm = (id: string, query: Record<string, string>, signal?: AbortSignal): Promise<OpenedForm> =>
  ask('POST', at(id, '/open'), { query }, signal);

export const formOptions = (
  id: string,
  body: { session_id: string; field: string; for_default: boolean; values: Record<string, Json> },
  signal?: AbortSignal,
): Promise<OptionsAnswer> => ask('POST', at(id, '/options'), body, signal);

export const uploadSlot = (
  id: string,
  body: { session_id: string; field: string; name: string; content_type: string; size: number },
  signal?: AbortSignal,
): Promise<UploadSlot> => ask('POST', at(id, '/uploads'), body, signal);

export const submitForm = (id: string, submission: Submission): Promise<{ execution_id: string }> =>
  ask('POST', at(id, '/execute'), submission);

/** Lets a person or a role use a form. */
export const grantForm = (id: string, to: { user_id: string } | { role_id: string }): Promise<unknown> =>
  ask('POST', '/api/grants', { form_id: id, ...to });

/** What an `invalid_form` says of each field. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof ProblemError)) return {};
  const told = (error.errors as unknown[]).flatMap((one) => {
    if (typeof one !== 'object' || one === null || !('field' in one) || !('message' in one)) return [];
    return [[String(one.field), String(one.message)] as const];
  });
  return Object.fromEntries(told);
}
