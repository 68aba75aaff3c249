/** Signing in and following a run where API, worker and scheduler are processes of their own: what a
 *  run writes comes from one process to the browser of another. */
import { join } from 'node:path';
import { ADMIN, cancelRun, deployCases, expect, fillInAdmin, openWorkflow, signIn, signOut, test as base, watch } from './helpers';
import { startInstallation, type Installation } from './installation';

const test = base.extend<{ several: Installation }>({
  several: [
    async ({}, use) => {
      const several = await startInstallation(process.env.UI_PROGRAM ?? '', join(process.env.UI_DATA ?? '', 'cache'));
      await use(several);
      await several.stop();
    },
    { timeout: 240_000 },
  ],
});

test('from signing in to the end of a live log, over several processes', async ({ several, browser }) => {
  test.setTimeout(300_000);
  deployCases({ url: several.url, key: several.key });
  const context = await browser.newContext({ baseURL: several.url });
  const page = await context.newPage();
  watch(page);
  await page.goto(several.setUp);
  await fillInAdmin(page);
  await page.getByRole('button', { name: 'Create the administrator' }).click();
  await expect(page.getByRole('heading', { name: 'Hello, Ada' })).toBeVisible();
  await signOut(page);
  await signIn(page, ADMIN.email, ADMIN.password);

  await openWorkflow(page, 'Step by step');
  await page.getByLabel('Steps').fill('12');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const log = page.getByRole('region', { name: 'Log lines' });
  await expect(log).toContainText('Step 1 of 12');
  await expect(log).not.toContainText('Step 12 of 12');
  await expect(page.getByRole('status').filter({ hasText: 'Running' })).toBeVisible();
  await expect(page.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();
  await page.getByRole('tab', { name: 'Log' }).click();
  await expect(page.getByText('12 lines')).toBeVisible();

  // A second window hears of a run that the first one ends.
  const other = await context.newPage();
  watch(other);
  await other.goto('/runs');
  await expect(other.getByRole('row').filter({ hasText: 'Succeeded' })).toHaveCount(1);
  await openWorkflow(page, 'Step by step');
  await page.getByLabel('Steps').fill('600');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(other.getByRole('row').filter({ hasText: 'Running' })).toBeVisible();
  await cancelRun(page);
  await expect(other.getByRole('row').filter({ hasText: 'Cancelled' })).toBeVisible();

  // Operators see the processes.
  await page.goto('/operations');
  await expect(page.getByText('Ready', { exact: true })).toBeVisible();
  await expect(page.getByRole('table', { name: 'Workers' }).getByText('Takes runs').first()).toBeVisible();
  await context.close();
});
