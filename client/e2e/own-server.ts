/** A server beside the shared one, for flows that others must not meet, and the people who come to it. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { request, type Page } from '@playwright/test';
import { ADMIN, expect, joined, open, test as base, workspaceWith, type Invited, type State } from './helpers';
import { startServer, type Server } from './server';

interface Own extends Server {
  /** The first administrator, signed in. */
  admin: State;
}

interface Fixtures {
  /** Invites somebody, who accepts: signed in, in a browser of their own. */
  enter: (who: Invited) => Promise<Page>;
}

interface WorkerFixtures {
  /** What is put over the example workspace, by `workspaceWith`. */
  files: string[];
  server: Own;
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

/** One server for all tests of a worker: each makes what it needs, under names of its own. Whoever uses other
 *  `files` has a worker, and so a server, of their own. */
export const test = base.extend<Fixtures, WorkerFixtures>({
  files: [['workspace'], { scope: 'worker', option: true }],
  server: [
    async ({ files }, use) => {
      const workspace = workspaceWith(...files);
      try {
        const server = await startServer({ workspace, cache: join(process.env.UI_DATA ?? '', 'cache') });
        try {
          await use({ ...server, admin: await firstAdministrator(server) });
        } finally {
          await server.stop();
        }
      } finally {
        rmSync(workspace, { recursive: true });
      }
    },
    { scope: 'worker', timeout: 240_000 },
  ],
  admin: async ({ browser, server }, use) => {
    const page = await open(browser, server.admin, server.url);
    await use(page);
    await page.context().close();
  },
  enter: async ({ browser, server, admin }, use) => {
    const pages: Page[] = [];
    await use(async (who) => {
      const page = await joined(browser, admin, who, server.url);
      pages.push(page);
      return page;
    });
    await Promise.all(pages.map((page) => page.context().close()));
  },
});
