/** What the screens of integrations read. */
import { queryOptions } from '@tanstack/react-query';
import { api, call } from '@/api/client';

export const integrationQuery = (organization: string | undefined, name: string) =>
  queryOptions({
    queryKey: ['integrations', organization, name],
    queryFn: ({ signal }) => call(api.GET('/api/integrations/{name}', { params: { path: { name } }, signal })),
  });

export const connectionsQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['connections', organization],
    queryFn: ({ signal }) => call(api.GET('/api/oauth/connections', { signal })),
    select: (answer) => answer.connections,
  });

export const mappingsQuery = (organization: string | undefined, name: string) =>
  queryOptions({
    queryKey: ['mappings', organization, name],
    queryFn: ({ signal }) => call(api.GET('/api/integrations/{name}/mappings', { params: { path: { name } }, signal })),
    select: (answer) => answer.mappings,
  });
