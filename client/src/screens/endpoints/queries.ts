/** The endpoints of the organization. */
import { queryOptions } from '@tanstack/react-query';
import { api, call } from '@/api/client';

export const endpointsQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['endpoints', organization],
    queryFn: ({ signal }) => call(api.GET('/api/endpoints', { signal })),
    select: (answer) => answer.endpoints,
  });
