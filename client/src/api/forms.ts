/** Forms as the API has them, and all calls of them. */
import { queryOptions } from '@tanstack/react-query';
import type { Json } from '@/expressions';
import { api, call } from './client';
import { ProblemError } from './problem';
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

/** A form that was opened before it is saved. */
export type OpenedPreview = Narrow<Schemas['OpenedPreview'], { context: FormContext }>;

/** The choices of a field, and the inputs that are not there yet. */
export type OptionsAnswer = Narrow<Schemas['FieldOptions'], { options: FormOption[] }>;

/** Values to send, and when to start. */
export type Submission = Narrow<Schemas['SubmitForm'], { values: Record<string, Json> }>;

/** A form whose values are known more closely than the document says. */
const viewed = (view: Schemas['FormView']): FormView => view as unknown as FormView;

/** An opened form with what rules see. */
const inContext = <T extends { context: object }>(answer: T) => ({ ...answer, context: answer.context as unknown as FormContext });

const at = (id: string) => ({ params: { path: { id } } });

export const formsQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['forms', organization],
    queryFn: ({ signal }) => call(api.GET('/api/forms', { signal })),
    select: (answer) => answer.forms,
    staleTime: 30_000,
  });

export const formQuery = (organization: string | undefined, id: string) =>
  queryOptions({
    queryKey: ['form', organization, id],
    queryFn: async ({ signal }) => viewed(await call(api.GET('/api/forms/{id}', { ...at(id), signal }))),
  });

export const createForm = async (form: FormDefinition): Promise<FormView> =>
  viewed(await call(api.POST('/api/forms', { body: form as Schemas['FormDefinition'] })));

/** Refused with `changed_meanwhile` unless `revision` is the last one. */
export const changeForm = async (id: string, form: FormDefinition, revision: number): Promise<FormView> =>
  viewed(await call(api.PUT('/api/forms/{id}', { ...at(id), body: { ...(form as Schemas['FormDefinition']), revision } })));

export const deleteForm = (id: string) => call(api.DELETE('/api/forms/{id}', at(id)));

export const checkForm = (form: FormDefinition, signal?: AbortSignal) =>
  call(api.POST('/api/forms/check', { body: form as Schemas['FormDefinition'], signal }));

export const openForm = async (id: string, query: Record<string, string>, signal?: AbortSignal): Promise<OpenedForm> =>
  inContext(await call(api.POST('/api/forms/{id}/open', { ...at(id), body: { query }, signal })));

export const formOptions = async (
  id: string,
  body: { session_id: string; field: string; for_default: boolean; values: Record<string, Json> },
  signal?: AbortSignal,
): Promise<OptionsAnswer> => {
  const answer = await call(api.POST('/api/forms/{id}/options', { ...at(id), body, signal }));
  return { ...answer, options: answer.options as unknown as FormOption[] };
};

export const uploadSlot = (id: string, body: Schemas['NewUpload'], signal?: AbortSignal): Promise<UploadSlot> =>
  call(api.POST('/api/forms/{id}/uploads', { ...at(id), body, signal }));

export const submitForm = (id: string, submission: Submission) =>
  call(api.POST('/api/forms/{id}/execute', { ...at(id), body: submission }));

/** Opens a form that is not saved. */
export const openPreview = async (form: FormDefinition, query: Record<string, string>): Promise<OpenedPreview> =>
  inContext(
    await call(api.POST('/api/forms/preview/open', { body: { definition: form as Schemas['FormDefinition'], query } })),
  );

export const previewSlot = (id: string, form: FormDefinition, upload: Schemas['NewUpload'], signal?: AbortSignal): Promise<UploadSlot> =>
  call(
    api.POST('/api/forms/preview/{id}/uploads', {
      ...at(id),
      body: { definition: form as Schemas['FormDefinition'], upload },
      signal,
    }),
  );

export const submitPreview = (id: string, form: FormDefinition, submission: Pick<Submission, 'session_id' | 'values'>) =>
  call(
    api.POST('/api/forms/preview/{id}/execute', {
      ...at(id),
      body: { ...submission, definition: form as Schemas['FormDefinition'] },
    }),
  );

/** Lets a person or a role use a form. */
export const grantForm = (id: string, to: { user_id: string } | { role_id: string }) =>
  call(api.POST('/api/grants', { body: { form_id: id, ...to } }));

/** What an `invalid_form` says of each field. */
export function fieldErrors(error: unknown): Record<string, string> {
  if (!(error instanceof ProblemError)) return {};
  const told = (error.errors as unknown[]).flatMap((one) => {
    if (typeof one !== 'object' || one === null || !('field' in one) || !('message' in one)) return [];
    return [[String(one.field), String(one.message)] as const];
  });
  return Object.fromEntries(told);
}
