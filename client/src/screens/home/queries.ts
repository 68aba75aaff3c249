/** How many runs there were. */
import { queryOptions } from '@tanstack/react-query';
import { api, call } from '@/api/client';
import type { paths } from '@/api/schema';

type Query = NonNullable<paths['/api/usage/runs']['get']['parameters']['query']>;

/** From when until when. */
export interface Span {
  from: string;
  to: string;
}

/** Read again with the lists of runs, but for those of all organizations: only one's own runs are heard of. */
export const runCountsQuery = (organization: string | undefined, query: Query) =>
  queryOptions({
    queryKey: query.by === 'organization' ? ['run-counts', query] : ['runs', organization, 'counts', query],
    queryFn: ({ signal }) => call(api.GET('/api/usage/runs', { params: { query }, signal })),
  });
