/** The typed client of the REST API. */
import createClient from 'openapi-fetch';
import { carried } from './carried';
import { problemOf } from './problem';
import type { paths } from './schema';

const ORGANIZATION = 'X-Bifrost-Organization';

let organization: string | undefined;

/** Names the organization that requests are about from now on; none for the caller's own. */
export function setOrganization(id: string | undefined): void {
  organization = id;
}

/** The organization that requests are about, if one was named. */
export const currentOrganization = (): string | undefined => organization;

/** The headers that a request outside of [`api`] needs. */
export const scopeHeaders = (): Record<string, string> =>
  organization === undefined ? {} : { [ORGANIZATION]: organization };

/** The API; each call answers `{ data, error }`. Use [`call`] to have errors thrown. */
export const api = createClient<paths>({
  baseUrl: '/',
  fetch: async (request) => carried.take(request, organization) ?? fetch(request),
});

api.use({
  onRequest: ({ request }) => {
    for (const [name, value] of Object.entries(scopeHeaders())) request.headers.set(name, value);
    return request;
  },
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What a call answers, or throws a `ProblemError`. */
export async function call<T>(answer: Promise<Answer<T>>): Promise<T> {
  const { data, error, response } = await answer;
  if (!response.ok) throw problemOf(response.status, error);
  return data as T;
}
