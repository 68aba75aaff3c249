/** Files: sent, read, replaced, dropped, and deleted. */
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { api, bifrost, expect, test } from './helpers';
import { expectScreens } from './screens';

test('files are sent, read, replaced and deleted', async ({ admin: page }, { outputDir }) => {
  await page.goto('/files');
  const picker = page.getByLabel('Files to upload');
  const csv = (content: string) => ({ name: 'june.csv', mimeType: 'text/csv', buffer: Buffer.from(content) });
  const [june, large] = ['june.csv', 'large.bin'].map((name) => join(outputDir, name)) as [string, string];
  mkdirSync(outputDir, { recursive: true });
  writeFileSync(june, 'a,b\n1,2\n');
  writeFileSync(large, '');
  truncateSync(large, 33 * 1_024 * 1_024);
  await picker.setInputFiles([june, large]);
  await expect(page.getByText('a file can have at most 32 MiB')).toBeVisible();
  const row = page.getByRole('row').filter({ hasText: 'june.csv' });
  await expect(row).toContainText('text/csv');
  const saved = page.waitForEvent('download');
  await row.getByRole('button', { name: 'Actions of june.csv' }).click();
  await page.getByRole('menuitem', { name: 'Download', exact: true }).click();
  expect((await saved).suggestedFilename()).toBe('june.csv');
  await picker.setInputFiles([csv('new')]);
  await expect(page.getByRole('dialog', { name: 'Replace 1 file?' })).toContainText('june.csv');
  await page.getByRole('button', { name: 'Replace', exact: true }).click();
  await expect(row).toContainText('3 B');

  await row.getByRole('button', { name: 'Actions of june.csv' }).click();
  await page.getByRole('menuitem', { name: 'Download address' }).click();
  await page.getByRole('button', { name: 'Create address' }).click();
  const address = await page.getByRole('dialog').locator('pre').first().innerText();
  expect(await (await fetch(address)).text()).toBe('new');
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();

  await page.getByRole('button', { name: 'Upload address' }).click();
  await page.getByLabel('Path of the file').fill('2026/from outside.txt');
  await page.getByLabel('Only this type').fill('text/plain');
  await page.getByRole('button', { name: 'Create address' }).click();
  const to = await page.getByRole('dialog').locator('pre').first().innerText();
  const sent = await fetch(to, { method: 'PUT', body: 'hello', headers: { 'content-type': 'text/plain' } });
  expect(sent.status).toBe(200);
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();
  await page.reload();
  await page.getByRole('link', { name: /^2026/ }).click();
  await expect(page).toHaveURL(/folder=2026/);
  await expect(page.getByText('from outside.txt')).toBeVisible();
  await page.getByRole('navigation', { name: 'Folders' }).getByRole('link', { name: 'uploads' }).click();
  await page.getByLabel('Search files').fill('outside');
  await expect(page.getByText('2026/from outside.txt')).toBeVisible();
  await page.goto('/files');

  await row.getByRole('button', { name: 'Actions of june.csv' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(row).toHaveCount(0);
  await page.getByRole('button', { name: 'Another location' }).click();
  await page.getByLabel('Name').fill('Reports');
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await expect(page.getByText('A small letter')).toBeVisible();
  await page.getByLabel('Name').fill('reports');
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await expect(page.getByText('No files in reports yet')).toBeVisible();
});

test('folders lie in folders, and a long list has pages', async ({ admin: page }) => {
  for (const path of ['a.txt', 'b.txt', 'c.txt', 'd.txt', 'deep/deeper/e.txt', 'deep/f.txt']) {
    await api(page, 'PUT', `/api/files/content?location=archive&path=${encodeURIComponent(path)}`, { path });
  }
  // A page of so many files that nobody waits for them.
  await page.route('**/api/files?*', (route) => route.continue({ url: route.request().url().replace('limit=1000', 'limit=4') }));
  await page.goto('/files?location=archive');
  const files = page.getByRole('table', { name: 'Files' });
  const pages = page.getByRole('navigation', { name: 'Pages' });
  await expect(files).toContainText('d.txt');
  await pages.getByRole('button', { name: 'Next' }).click();
  await expect(page).toHaveURL(/cursor=/);
  await expect(files).toContainText('in 2 files');
  await expect(files).not.toContainText('a.txt');
  await pages.getByRole('button', { name: 'From the beginning' }).click();
  await expect(files).toContainText('a.txt');

  await page.unrouteAll();
  await page.goto('/files?location=archive');
  await page.getByRole('link', { name: /^deep/ }).click();
  await expect(files).toContainText('f.txt');
  await page.getByRole('link', { name: /^deeper/ }).click();
  await expect(page).toHaveURL(/folder=deep(%2F|\/)deeper/);
  await expect(files).toContainText('e.txt');
  const trail = page.getByRole('navigation', { name: 'Folders' });
  await expect(trail.getByText('deeper')).toHaveAttribute('aria-current', 'page');
  await trail.getByRole('link', { name: 'deep', exact: true }).click();
  await expect(files).toContainText('f.txt');
  await trail.getByRole('link', { name: 'archive' }).click();
  await page.getByRole('button', { name: 'Name', exact: true }).click();
  await expect(page).toHaveURL(/sort=/);
  await expect(page.getByLabel('Location', { exact: true })).toHaveValue('archive');
});

test('files are dropped into the folder that is open', async ({ admin: page }) => {
  await page.goto('/files?folder=2026');
  const files = page.getByRole('table', { name: 'Files' });
  await expect(files).toContainText('from outside.txt');
  const dropped = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    for (const name of ['one.txt', 'two.txt']) transfer.items.add(new File([`dropped ${name}`], name, { type: 'text/plain' }));
    return transfer;
  });
  for (const type of ['dragenter', 'dragover', 'drop']) await files.dispatchEvent(type, { dataTransfer: dropped });
  await expect(page.getByRole('status').filter({ hasText: '2 files were uploaded' })).toBeVisible();
  await expect(files).toContainText('two.txt');
  const content = await page.request.get('/api/files/content?location=uploads&path=2026/one.txt');
  expect(await content.text()).toBe('dropped one.txt');
  await page.getByRole('button', { name: 'Clear', exact: true }).click();
  await expect(page.getByText('2 files were uploaded')).toHaveCount(0);
});

test('these screens are accessible', async ({ browser }) => {
  await expectScreens(browser, [
    { name: 'files', path: '/files' },
    { name: 'files-folder', path: '/files?folder=2026' },
  ]);
});

test('the command line sees what was done here', () => {
  expect(bifrost('files', 'ls')).toContain('2026/from outside.txt');
});
