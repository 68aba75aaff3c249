/** Who is signed in, what they may do, and which organization is meant. */
import { queryOptions, useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { carried } from './carried';
import { api, call, currentOrganization } from './client';
import type { Me, Organization, Permission } from './types';

/** The organization in the URL; none for the caller's own. Part of every query's key. */
export function useOrganization(): string | undefined {
  return useSearch({ strict: false, select: (search) => search.org });
}

export const meQuery = queryOptions({
  queryKey: ['me'],
  queryFn: ({ signal }) => call(api.GET('/api/me', { signal })),
  initialData: () => carried.data<Me>('/api/me', currentOrganization()),
  staleTime: 60_000,
});

/** Who is signed in; only below the frame, which loads it first. */
export const useMe = (): Me => useSuspenseQuery(meQuery).data;

/** True when the caller may do this. */
export const may = (me: Me, permission: Permission): boolean =>
  me.permissions.includes(permission);

/** Asks for the permissions of the caller. */
export function useMay(): (permission: Permission) => boolean {
  const me = useMe();
  return (permission) => may(me, permission);
}

export const organizationsQuery = queryOptions({
  queryKey: ['organizations'],
  queryFn: ({ signal }) => call(api.GET('/api/organizations', { signal })),
  select: (answer) => answer.organizations,
  staleTime: 30_000,
});

/** All organizations for those who may choose, and whichever is chosen. */
export function useOrganizations(): { all: Organization[]; chosen: Organization | undefined } {
  const me = useMe();
  const chosen = useOrganization();
  const enabled = may(me, 'platform.organizations');
  const { data: all = [] } = useQuery({ ...organizationsQuery, enabled });
  const id = chosen ?? me.organization_id;
  return { all, chosen: all.find((organization) => organization.id === id) };
}

/** The organization whose runs and data are shown. */
export function useScopeId(): string {
  const me = useMe();
  return useOrganization() ?? me.organization_id;
}
