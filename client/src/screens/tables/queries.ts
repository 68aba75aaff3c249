/** What the screens of tables read. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, call } from '@/api/client';
import { useMay, useMe, useOrganization } from '@/api/session';
import type { Table } from '@/api/types';
import type { Where } from './filter';

export const tableQuery = (organization: string | undefined, id: string) =>
  queryOptions({
    queryKey: ['tables', organization, id],
    queryFn: ({ signal }) => call(api.GET('/api/tables/{id}', { params: { path: { id } }, signal })),
  });

interface DocumentsOf {
  where: Where | undefined;
  /** A field, with `-` in front for the other way round. */
  sort: string | undefined;
  offset: number;
}

/** Documents of a page. */
export const PAGE = 50;

export const documentsQuery = (organization: string | undefined, id: string, { where, sort, offset }: DocumentsOf) =>
  queryOptions({
    queryKey: ['documents', organization, id, where, sort, offset],
    queryFn: ({ signal }) => {
      const body = {
        limit: PAGE,
        offset,
        ...(where === undefined ? {} : { where }),
        ...(sort === undefined ? {} : { order_by: sort.replace(/^-/, ''), order_dir: sort.startsWith('-') ? 'desc' : 'asc' }),
      };
      return call(api.POST('/api/tables/{id}/query', { params: { path: { id } }, body, signal }));
    },
    placeholderData: keepPreviousData,
  });

export const documentQuery = (organization: string | undefined, id: string, document: string) =>
  queryOptions({
    queryKey: ['document', organization, id, document],
    queryFn: ({ signal }) => call(api.GET('/api/tables/{id}/documents/{document}', { params: { path: { id, document } }, signal })),
    staleTime: 0,
    gcTime: 0,
  });

/** Whether the caller may write this table here: a global one is written where it belongs. */
export function useWrites(): (table: Table) => boolean {
  const may = useMay();
  const me = useMe();
  const organization = useOrganization();
  const scope = organization ?? (me.role === 'platform_admin' ? undefined : me.organization_id);
  return (table) => may('tables.write') && (table.organization_id ?? undefined) === scope;
}
