/** How many runs there were. */
import { queryOptions } from '@tanstack/react-query';
import { api, call } from '@/api/client';
import type { paths } from '@/api/schema';

type Query = NonNullable<paths['/api/usage/runs']['get']['parameters']['query']>;

/** Read again with the lists of runs. */
export const runCountsQuery = (organization: string | undefined, query: Query) =>
  queryOptions({
    queryKey: ['runs', organization, 'counts', query],
    queryFn: ({ signal }) => call(api.GET('/api/usage/runs', { params: { query }, signal })),
  });
