/** A server of one file's own, for what others must not meet. It has the workflows of these tests and one
 *  administrator, whose page `admin` is. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from '@playwright/test';
import { ADMIN, expect, open, test as shared, workspaceWith } from './helpers';
import { startServer, type Server } from './server';

/** Longest that it may take to start, in milliseconds. */
const START = 240_000;

const HERE = import.meta.dirname;

export interface OwnServer extends Server {
  /** Where the administrator's session is kept. */
  state: string;
}

/** Makes the first administrator, and keeps the session. */
async function firstSession(browser: Browser, { url, setUp, data }: Server): Promise<string> {
  const page = await open(browser, undefined, url);
  await page.goto(setUp);
  await page.getByLabel('E-mail').fill(ADMIN.email);
  await page.getByLabel('Name').fill(ADMIN.name);
  await page.getByLabel('Password').fill(ADMIN.password);
  await page.getByRole('button', { name: 'Make the administrator' }).click();
  await expect(page.getByRole('heading', { name: 'Hello, Ada' })).toBeVisible();
  const state = join(data, 'admin-state.json');
  await page.context().storageState({ path: state });
  await page.context().close();
  return state;
}

/** Tests on a server with these files of `workspace` beside the example. */
export const testWith = (...files: string[]) =>
  shared.extend<object, { own: OwnServer }>({
    own: [
      async ({ browser }, use) => {
        const workspace = workspaceWith(...files.map((file) => join(HERE, file)));
        const server = await startServer({ workspace, cache: join(process.env.UI_DATA ?? '', 'cache') });
        try {
          await use({ ...server, state: await firstSession(browser, server) });
        } finally {
          await server.stop();
          rmSync(workspace, { recursive: true });
        }
      },
      { scope: 'worker', timeout: START },
    ],
    admin: async ({ browser, own }, use) => {
      const page = await open(browser, own.state, own.url);
      await use(page);
      await page.context().close();
    },
  });
