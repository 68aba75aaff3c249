/** Markup that a tenant planted is text wherever it is shown. */
import type { Page } from '@playwright/test';
import { ADMIN_STATE, api, expect, openWorkflow, test, URL } from './helpers';

const MARK = '<img src=x onerror=';

/** Nothing of what was planted has run, in the page or in a frame. */
async function expectNothingRan(page: Page): Promise<void> {
  await page.waitForTimeout(300);
  for (const frame of page.frames()) {
    expect(await frame.evaluate(() => (window as unknown as { planted?: string }).planted), frame.url()).toBeUndefined();
  }
  expect(await page.locator('img[src="x"]').count()).toBe(0);
}

test('in names, descriptions, logs, results and errors', async ({ admin: page }) => {
  const text = `${MARK}"window.planted='config'">`;
  await api(page, 'PUT', '/api/config/planted', { value: text, description: text });
  await page.goto('/workflows?q=Planted');
  await expect(page.getByRole('listitem').getByText(MARK).first()).toBeVisible();
  await expectNothingRan(page);
  await openWorkflow(page, 'Planted');
  await expectNothingRan(page);
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();
  for (const view of ['Pretty', 'Tree', 'JSON']) {
    await page.getByRole('button', { name: view, exact: true }).click();
    await expect(page.getByText(MARK).first()).toBeVisible();
    await expectNothingRan(page);
  }
  for (const tab of ['Log', 'Input', 'Variables']) {
    await page.getByRole('tab', { name: tab }).click();
    await expect(page.getByText(MARK).first()).toBeVisible();
    await expectNothingRan(page);
  }
  await openWorkflow(page, 'Planted');
  await page.getByLabel('Fail').check();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Error' })).toContainText(MARK);
  await expectNothingRan(page);
  for (const path of ['/', '/runs', '/config', '/audit', '/code?path=workflows/ui_cases.py', '/code/versions/1']) {
    await page.goto(path);
    await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
    await expectNothingRan(page);
  }
});

test('a page that a workflow returned is shown, and nothing in it runs', async ({ browser }) => {
  // Its policy complains of what it stops: this page is not watched for errors.
  const context = await browser.newContext({ baseURL: URL, storageState: ADMIN_STATE });
  const page = await context.newPage();
  await openWorkflow(page, 'Planted page');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const frame = page.frameLocator('iframe[title="Result"]');
  await expect(frame.getByRole('heading', { name: 'A page' })).toBeVisible();
  await frame.getByRole('heading', { name: 'A page' }).click();
  await page.waitForTimeout(300);
  for (const one of page.frames()) {
    expect(await one.evaluate(() => (window as unknown as { planted?: string }).planted)).toBeUndefined();
  }
  const inside = page.frames().find((one) => one.url().endsWith('/result.html'));
  expect(await inside?.evaluate(() => self.origin)).toBe('null');
  expect(await inside?.evaluate(() => fetch('/api/me').then(() => 'reached', () => 'refused'))).toBe('refused');
  await context.close();
});

test('no page of another site can frame it or bring scripts', async ({ request }) => {
  const page = await request.get(`${URL}/`, { headers: { accept: 'text/html' } });
  const headers = page.headers();
  const policy = headers['content-security-policy'] ?? '';
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';");
  expect(policy.replace("'wasm-unsafe-eval'", '')).not.toContain('unsafe');
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers['referrer-policy']).toBe('no-referrer');
  const missing = await request.get(`${URL}/api/nothing`, { headers: { accept: 'text/html' } });
  expect(missing.status()).toBe(404);
  expect(missing.headers()['content-type']).toContain('application/problem+json');
});
