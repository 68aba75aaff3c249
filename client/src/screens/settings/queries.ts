/** What the settings of the platform read. */
import { queryOptions } from '@tanstack/react-query';
import { api, call } from '@/api/client';

export const settingsQuery = queryOptions({
  queryKey: ['settings'],
  queryFn: ({ signal }) => call(api.GET('/api/settings', { signal })),
});
