/** The queries that several screens use. Keys of what belongs to an organization hold its id. */
import { type QueryClient, queryOptions } from '@tanstack/react-query';
import { decoded } from '@/lib/base64';
import { PAGE } from '@/lib/log-pages';
import { carried } from './carried';
import { api, call } from './client';
import type { paths } from './schema';
import type { Execution, Schemas } from './types';

export const workflowsQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['workflows', organization],
    queryFn: ({ signal }) => call(api.GET('/api/workflows', { signal })),
    initialData: () => carried.data<Schemas['WorkflowList']>('/api/workflows', organization),
    select: (answer) => answer.workflows,
    staleTime: 30_000,
  });

export const workflowQuery = (organization: string | undefined, id: string) =>
  queryOptions({
    queryKey: ['workflow', organization, id],
    queryFn: ({ signal }) => call(api.GET('/api/workflows/{id}', { params: { path: { id } }, signal })),
  });

export type RunFilters = NonNullable<paths['/api/executions']['get']['parameters']['query']>;

export const runsQuery = (organization: string | undefined, query: RunFilters) =>
  queryOptions({
    queryKey: ['runs', organization, query],
    queryFn: ({ signal }) => call(api.GET('/api/executions', { params: { query }, signal })),
  });

export const runQuery = (organization: string | undefined, id: string) =>
  queryOptions({
    queryKey: ['run', organization, id],
    queryFn: ({ signal }) => call(api.GET('/api/executions/{id}', { params: { path: { id } }, signal })),
    initialData: () => carried.data<Execution>(`/api/executions/${id}`, organization),
    // The route has asked just before; a refusal is not asked for twice.
    retryOnMount: false,
  });

/** The beginning of a run's log. It is kept only until its reader takes it. */
export const logQuery = (organization: string | undefined, id: string) =>
  queryOptions({
    queryKey: ['log', organization, id],
    queryFn: ({ signal }) => logPage(id, 0, signal),
    staleTime: 2_000,
    gcTime: 2_000,
  });

/** Lines of a run's log after a sequence. */
export const logPage = (id: string, after: number, signal: AbortSignal) =>
  call(api.GET('/api/executions/{id}/logs', { params: { path: { id }, query: { after, limit: PAGE } }, signal }));

export const schedulesQuery = (organization: string | undefined, workflow?: string) =>
  queryOptions({
    queryKey: ['schedules', organization, workflow],
    queryFn: ({ signal }) =>
      call(
        api.GET('/api/schedules', {
          params: { query: workflow === undefined ? {} : { workflow_id: workflow } },
          signal,
        }),
      ),
    select: (answer) => answer.schedules,
  });

export const workspaceQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['workspace', organization],
    queryFn: ({ signal }) => call(api.GET('/api/workspace', { signal })),
  });

/** A file of the active version, unless another one is named. */
export const fileQuery = (organization: string | undefined, path: string, version?: string) =>
  queryOptions({
    queryKey: ['file', organization, path, version],
    queryFn: ({ signal }) =>
      call(
        api.GET('/api/workspace/files/{path}', {
          params: { path: { path }, query: version === undefined ? {} : { version } },
          signal,
        }),
      ),
    select: (file) => ({ ...file, content: fromBase64(file.content) }),
  });

export const usersQuery = (organization: string | undefined, inactive = false) =>
  queryOptions({
    queryKey: ['users', organization, inactive],
    queryFn: ({ signal }) =>
      call(api.GET('/api/users', { params: { query: { include_inactive: inactive } }, signal })),
    select: (answer) => answer.users,
  });

export const rolesQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['roles', organization],
    queryFn: ({ signal }) => call(api.GET('/api/roles', { signal })),
  });

export const configQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['config', organization],
    queryFn: ({ signal }) => call(api.GET('/api/config', { signal })),
    select: (answer) => answer.config,
  });

/** All versions, or those that touched a file. */
export const versionsQuery = (organization: string | undefined, path?: string) =>
  queryOptions({
    queryKey: ['versions', organization, path],
    queryFn: ({ signal }) =>
      call(api.GET('/api/workspace/versions', { params: { query: path === undefined ? {} : { path } }, signal })),
    select: (answer) => answer.versions,
  });

/** Versions that wait for a review, in the organization that is chosen, or else in all of them. */
export const reviewsQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['reviews', organization],
    queryFn: ({ signal }) => call(api.GET('/api/reviews', { signal })),
    select: (answer) => answer.reviews,
  });

/** Text from base64; what is no UTF-8 in it is shown as replaced. */
const fromBase64 = (text: string) => new TextDecoder().decode(decoded(text));

/** Forgets what was seen as somebody else; the page of signing in keeps what it has. */
export const forgetAll = (client: QueryClient) =>
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== 'sign-in' });

export const tablesQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['tables', organization],
    queryFn: ({ signal }) => call(api.GET('/api/tables', { signal })),
    select: (answer) => answer.tables,
  });

export const integrationsQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['integrations', organization],
    queryFn: ({ signal }) => call(api.GET('/api/integrations', { signal })),
    select: (answer) => answer.integrations,
  });

export const webhooksQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['webhooks', organization],
    queryFn: ({ signal }) => call(api.GET('/api/webhooks', { signal })),
    select: (answer) => answer.webhooks,
  });
