/** Forms as the API has them, and all calls of them. */
import { queryOptions } from '@tanstack/react-query';
import type { Json } from '@/expressions';
import { scopeHeaders } from './client';
import { ProblemError, problemOf } from './problem';

/** Lets somebody make and change forms. */
export type FormsPermission = 'forms.manage';

export type FieldType =
  | 'text'
  | 'email'
  | 'number'
  | 'select'
  | 'multi_select'
  | 'checkbox'
  | 'textarea'
  | 'radio'
  | 'date'
  | 'datetime'
  | 'markdown'
  | 'html'
  | 'file';

/** A choice; `metadata` is what other fields can be filled with. */
export interface FormOption {
  label: string;
  value: Json;
  description?: string | null;
  metadata?: Record<string, Json> | null;
}

/** Where an input of a data provider comes from. */
export type ProviderInput =
  | { mode: 'static'; value: Json }
  | { mode: 'fieldRef'; field_name: string }
  | { mode: 'expression'; expression: string };

export interface FieldValidation {
  pattern?: string | null;
  min?: number | string | null;
  max?: number | string | null;
  min_length?: number | null;
  max_length?: number | null;
  expression?: string | null;
  message?: string | null;
}

export interface FormField {
  name: string;
  label?: string | null;
  type: FieldType;
  required?: boolean;
  required_expression?: string | null;
  help_text?: string | null;
  placeholder?: string | null;
  default_value?: Json;
  default_expression?: string | null;
  visibility_expression?: string | null;
  enabled_expression?: string | null;
  validation?: FieldValidation | null;
  options?: FormOption[] | null;
  /** Id, name or `path::function`. */
  data_provider?: string | null;
  data_provider_inputs?: Record<string, ProviderInput> | null;
  /** From names of fields to members of the chosen option's `metadata`. */
  auto_fill?: Record<string, string> | null;
  /** Of markdown and html. */
  content?: string | null;
  allow_as_query_param?: boolean;
  /** Of files: `image/png`, or `image/*`. */
  allowed_types?: string[] | null;
  multiple?: boolean;
  max_size_mb?: number | null;
}

export type Access = 'authenticated' | 'granted';

/** What a form is, as it is written and as it stands in a workspace's `forms/*.yaml`. */
export interface FormDefinition {
  name: string;
  description?: string | null;
  /** Id, name or `path::function`. */
  workflow: string;
  launch_workflow?: string | null;
  launch_parameters?: Record<string, Json> | null;
  query_parameters?: string[] | null;
  access: Access;
  fields: FormField[];
}

export interface FormView extends FormDefinition {
  id: string;
  organization_id?: string | null;
  workflow_id?: string | null;
  workflow_name?: string | null;
  source: 'api' | 'workspace';
  /** The file of the workspace that it is in. */
  path?: string | null;
  /** Counts the changes. */
  revision: number;
  may_edit: boolean;
  created_at: string;
  updated_at: string;
}

export interface FormSummary {
  id: string;
  organization_id?: string | null;
  name: string;
  description?: string | null;
  workflow_id?: string | null;
  workflow_name?: string | null;
  access: Access;
  /** How many fields it has. */
  fields: number;
  source: 'api' | 'workspace';
  may_edit: boolean;
  updated_at: string;
}

/** What is wrong with a definition, and where: `fields[2].visibility_expression`. */
export interface FormProblem {
  path: string;
  message: string;
  /** Within an expression. */
  from?: number | null;
  to?: number | null;
}

/** What the rules of a form see beside its fields. */
export interface FormContext {
  user: Json;
  organization: Json;
  query: Record<string, Json>;
  workflow: Json;
}

/** A form that was opened to be filled in. */
export interface OpenedForm {
  session_id: string;
  context: FormContext;
  now: string;
  expires_at: string;
}

export interface OptionsAnswer {
  options: FormOption[];
  /** Inputs that are not there yet. */
  missing: string[];
}

export interface UploadSlot {
  upload_id: string;
  url: string;
  method: string;
  content_type: string;
  max_bytes: number;
  expires_at: string;
}

/** Values to send, and when to start. */
export interface Submission {
  session_id: string;
  values: Record<string, Json>;
  scheduled_at?: string;
  delay_seconds?: number;
  idempotency_key?: string;
}

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
    queryFn: ({ signal }) => ask<{ forms: FormSummary[] }>('GET', '/api/forms', undefined, signal),
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

export const checkForm = (form: FormDefinition, signal?: AbortSignal): Promise<{ problems: FormProblem[] }> =>
  ask('POST', '/api/forms/check', form, signal);

export const openForm = (id: string, query: Record<string, string>, signal?: AbortSignal): Promise<OpenedForm> =>
  ask('POST', at(id, '/open'), { query }, signal);

export const formOptions = (
  id: string,
  body: { session_id: string; field: string; values: Record<string, Json> },
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
