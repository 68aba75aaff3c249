/** What the screen of files reads, sends and keeps. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { api, call, scopeHeaders } from '@/api/client';
import { ProblemError, problemOf } from '@/api/problem';
import type { StoredFile } from '@/api/types';

/** Files of a page; as many as the server gives. */
const PAGE = 1_000;
/** Largest file, in bytes. */
export const MOST_BYTES = 32 * 1_024 * 1_024;

interface FilesOf {
  location: string;
  folder: string | undefined;
  cursor: string | undefined;
}

export const filesQuery = (organization: string | undefined, { location, folder, cursor }: FilesOf) =>
  queryOptions({
    queryKey: ['stored-files', organization, location, folder, cursor],
    queryFn: ({ signal }) => {
      const query = { location, limit: PAGE, ...(folder === undefined ? {} : { directory: folder }), ...(cursor === undefined ? {} : { cursor }) };
      return call(api.GET('/api/files', { params: { query }, signal }));
    },
    placeholderData: keepPreviousData,
  });

/** What the organization keeps, by location, and what it may. */
export const usageQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['stored-files', organization, 'locations'],
    queryFn: ({ signal }) => call(api.GET('/api/files/locations', { signal })),
    staleTime: 60_000,
    retry: false,
  });

const contentOf = (location: string, path: string): string => `/api/files/content?${new URLSearchParams({ location, path }).toString()}`;

/** Saves a file with the browser. */
export async function save({ location, path }: StoredFile): Promise<void> {
  const answer = await fetch(contentOf(location, path), { headers: scopeHeaders() });
  if (!answer.ok) throw problemOf(answer.status, await answer.json().catch(() => undefined));
  const url = URL.createObjectURL(await answer.blob());
  Object.assign(document.createElement('a'), { href: url, download: path.slice(path.lastIndexOf('/') + 1) }).click();
  URL.revokeObjectURL(url);
}

/** Sends a file; `onProgress` is told the part that is sent, from 0 to 1. */
export function send(file: File, location: string, path: string, onProgress: (part: number) => void, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('PUT', contentOf(location, path));
    for (const [name, value] of Object.entries(scopeHeaders())) request.setRequestHeader(name, value);
    request.setRequestHeader('Content-Type', file.type === '' ? 'application/octet-stream' : file.type);
    request.upload.onprogress = ({ loaded, total }) => onProgress(total === 0 ? 1 : loaded / total);
    request.onload = () => {
      if (request.status < 300) resolve();
      else reject(problemOf(request.status, parsed(request.responseText)));
    };
    request.onerror = () => reject(new ProblemError({ status: 0, code: 'unreachable', detail: 'the server cannot be reached' }));
    request.onabort = () => reject(new DOMException('cancelled', 'AbortError'));
    signal.addEventListener('abort', () => request.abort());
    request.send(file);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
