/** A server of their own for the flows of administration and of roles, and the people who come to it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { request, type APIRequestContext, type Page } from '@playwright/test';
import { ADMIN, api, deployCases, expect, open, test as base } from './helpers';
import { startServer, type Server } from './server';

/** Of everybody whom these tests invite. */
export const PASSWORD = 'nobody guesses these words';

type State = Awaited<ReturnType<APIRequestContext['storageState']>>;

interface Own extends Server {
  /** The first administrator, signed in. */
  admin: State;
}

interface Invited {
  email: string;
  name: string;
  role?: 'org_guest' | 'org_user' | 'org_admin';
  /** Roles of the organization, by id. */
  roles?: string[];
  /** The provider's without it. */
  organization?: string;
}

interface Fixtures {
  /** Invites somebody, who accepts: signed in, in a browser of their own. */
  enter: (who: Invited) => Promise<Page>;
}

async function firstAdministrator({ url, setUp }: Server): Promise<State> {
  const browser = await request.newContext({ baseURL: url, extraHTTPHeaders: { 'sec-fetch-site': 'same-origin' } });
  const token = setUp.split('#set-up=')[1] ?? '';
  const answer = await browser.post('/api/set-up', { data: { token, ...ADMIN } });
  expect(answer.ok(), await answer.text()).toBe(true);
  const state = await browser.storageState();
  await browser.dispose();
  return state;
}

/** One server for all tests of a worker: each makes what it needs, under names of its own. */
export const test = base.extend<Fixtures, { server: Own }>({
  server: [
    async ({}, use) => {
      const server = await startServer({ cache: join(process.env.UI_DATA ?? '', 'cache') });
      try {
        deployCases({ url: server.url, key: readFileSync(join(server.data, 'admin.key'), 'utf8').trim() });
        await use({ ...server, admin: await firstAdministrator(server) });
      } finally {
        await server.stop();
      }
    },
    { scope: 'worker', timeout: 200_000 },
  ],
  admin: async ({ browser, server }, use) => {
    const page = await open(browser, server.admin, server.url);
    await use(page);
    await page.context().close();
  },
  enter: async ({ browser, server, admin }, use) => {
    const pages: Page[] = [];
    await use(async ({ organization, role = 'org_user', ...who }) => {
      const { token } = await api<{ token: string }>(admin, 'POST', '/api/invitations', { role, ...who }, organization);
      const page = await open(browser, undefined, server.url);
      pages.push(page);
      await api(page, 'POST', '/api/sign-in/invitation', { token, password: PASSWORD });
      return page;
    });
    await Promise.all(pages.map((page) => page.context().close()));
  },
});

/** Makes an organization; answers its id. */
export async function organizationOf(admin: Page, name: string, domain: string | null = null): Promise<string> {
  return (await api<{ id: string }>(admin, 'POST', '/api/organizations', { name, domain })).id;
}

/** Deploys these files as the whole workspace of whoever's page it is, or of an organization that they entered. */
export async function deploy(page: Page, files: Record<string, string>, organization?: string): Promise<void> {
  const encoded = Object.entries(files).map(([path, text]) => [path, Buffer.from(text).toString('base64')]);
  await api(page, 'POST', '/api/workspace/deploy', { files: Object.fromEntries(encoded) }, organization);
}

/** Runs a workflow to its end; answers the id of the run. */
export async function runOf(page: Page, name: string, input_data: object): Promise<string> {
  const { workflows } = await api<{ workflows: { id: string; name: string }[] }>(page, 'GET', '/api/workflows');
  const body = { workflow_id: workflows.find((workflow) => workflow.name === name)?.id, input_data, sync: true };
  return (await api<{ execution_id: string }>(page, 'POST', '/api/workflows/execute', body)).execution_id;
}

/** Waits until somebody is led to the sign-in: a session that has ended is believed for two seconds at most. */
export const expectSignedOut = (page: Page): Promise<void> =>
  expect(async () => {
    await page.goto('/workflows');
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible({ timeout: 1_000 });
  }).toPass();
