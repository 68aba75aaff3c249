/** A server with an administrator and what is measured, and a page that tells when it has painted. */
import { existsSync, rmSync } from 'node:fs';
import { test as base, type Browser, type Page } from '@playwright/test';
import { ADMIN, ADMIN_STATE, api, bifrost, open, SET_UP, workspaceWith } from '../e2e/helpers';

/** Times of a moment, in milliseconds. */
interface Moment {
  /** Since 1970, by the machine's clock. */
  clock: number;
  /** Since the page was opened, as events have it. */
  page: number;
}

declare global {
  interface Window {
    /** Waits for a condition of the document; when the frame is painted in which it first holds. */
    painted: (holds: () => boolean) => Promise<Moment>;
    /** What is being measured, in milliseconds. */
    took: Promise<number>;
  }
}

function addPainted(): void {
  window.painted = (holds) =>
    new Promise((resolve) => {
      const look = () => {
        if (!holds()) return;
        observer.disconnect();
        requestAnimationFrame(() => {
          // A message comes after the frame that was just begun.
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = () => resolve({ clock: Date.now(), page: performance.now() });
          port2.postMessage(undefined);
        });
      };
      const observer = new MutationObserver(look);
      observer.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
      look();
    });
}

/** Makes the administrator and deploys what is measured, once for all measurements. */
async function prepare(browser: Browser): Promise<void> {
  if (existsSync(ADMIN_STATE)) return;
  const page = await open(browser);
  await api(page, 'POST', '/api/set-up', { token: SET_UP.split('#set-up=')[1], ...ADMIN });
  await page.context().storageState({ path: ADMIN_STATE });
  await page.context().close();
  const workspace = workspaceWith('../bench/workspace/measured.py');
  bifrost('deploy', workspace, '--message', 'What is measured');
  rmSync(workspace, { recursive: true });
}

/** A measurement with a page of the administrator. */
export const test = base.extend<{ admin: Page }>({
  admin: async ({ browser }, use) => {
    await prepare(browser);
    const page = await open(browser, ADMIN_STATE);
    await page.addInitScript(addPainted);
    await use(page);
    await page.context().close();
  },
});
