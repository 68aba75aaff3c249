/** Lists and what leads to them: runs, workflows, home, the palette. */
import { api, execute, expect, expectResult, openWorkflow, test, workflowIds } from './helpers';

/** Runs of a page. */
const PAGE = 50;

/** A day as a field of dates has it, in the browser's calendar. */
function day(later: number): string {
  const date = new Date();
  date.setDate(date.getDate() + later);
  return [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0')).join('-');
}

test('the list follows what happens, and its state is its address', async ({ admin: page, browser }) => {
  await execute(page, 'Fails', { customer: 'Earlier' }, { sync: true });
  await page.goto('/runs');
  await page.getByLabel('Status').selectOption({ label: 'Failed' });
  await expect(page).toHaveURL(/status=Failed/);
  await expect(page.getByRole('row').filter({ hasText: 'Fails' }).first()).toBeVisible();
  await expect(page.getByRole('row').filter({ hasText: 'Succeeded' })).toHaveCount(0);
  const address = page.url();
  const before = await page.getByRole('row').count();
  const other = await browser.newPage({ baseURL: address, storageState: await page.context().storageState() });
  await openWorkflow(other, 'Fails');
  await other.getByLabel('Customer').fill('Live');
  await other.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('row')).toHaveCount(before + 1);
  await other.goto(address);
  await expect(other.getByRole('list', { name: 'Filtered by' })).toContainText('Failed');
  await other.close();
  // Several at once, and each can be taken out.
  await page.getByLabel('Status').selectOption({ label: 'Timed out' });
  await expect(page).toHaveURL(/status=Failed%2CTimeout/);
  await page.getByRole('button', { name: 'Remove Failed' }).click();
  await expect(page).toHaveURL(/status=Timeout/);
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(page).toHaveURL(/\/runs$/);
});

test('the palette goes anywhere by a few letters', async ({ admin: page }) => {
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Hello, Ada' })).toBeVisible();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Search and commands' }).fill('licen');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'License reconciliation' })).toBeVisible();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Search and commands' }).fill('audit');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Audit log' })).toBeVisible();
});

test('runs are found by workflow and day, and paged', async ({ admin: page }) => {
  await Promise.all(Array.from({ length: PAGE + 1 }, () => execute(page, 'hello', {}, { sync: true })));
  await page.goto('/runs');
  const rows = page.getByRole('row');
  await page.getByRole('combobox', { name: 'Workflow' }).click();
  await page.getByRole('option', { name: 'hello', exact: true }).click();
  await expect(page).toHaveURL(/workflow=[\da-f-]{36}/);
  // With the row of the header.
  await expect(rows.filter({ hasText: 'hello' })).toHaveCount(PAGE);
  await expect(rows).toHaveCount(PAGE + 1);
  const newest = await rows.nth(1).getByRole('link').first().getAttribute('href');
  await page.getByRole('button', { name: 'Older' }).click();
  await expect(page).toHaveURL(/cursor=/);
  await expect(rows.nth(1).getByRole('link').first()).not.toHaveAttribute('href', newest ?? '');
  await expect(rows.filter({ hasText: 'hello' }).first()).toBeVisible();
  await page.getByRole('button', { name: 'Newest' }).click();
  await expect(page).not.toHaveURL(/cursor=/);
  await expect(rows.nth(1).getByRole('link').first()).toHaveAttribute('href', newest ?? '');

  await page.getByLabel('From', { exact: true }).fill(day(1));
  await expect(page).toHaveURL(new RegExp(`from=${day(1)}`));
  await expect(page.getByText('No run fits')).toBeVisible();
  await page.getByLabel('From', { exact: true }).fill(day(-1));
  await page.getByLabel('Until', { exact: true }).fill(day(0));
  await expect(rows.filter({ hasText: 'hello' }).first()).toBeVisible();
  await page.getByLabel('Until', { exact: true }).fill(day(-1));
  await page.getByLabel('From', { exact: true }).fill(day(-2));
  await expect(page.getByText('No run fits')).toBeVisible();
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(page).toHaveURL(/\/runs$/);
  await expect(page.getByRole('combobox', { name: 'Workflow' })).toHaveText('Any workflow');
  await expect(rows.nth(1)).toBeVisible();
});

test('a schedule leads to its runs', async ({ admin: page }) => {
  const { hello } = await workflowIds(page);
  const schedule = { workflow_id: hello, name: 'New year', cron_expression: '0 3 1 1 *', input_data: { name: 'Year' } };
  const { id } = await api<{ id: string }>(page, 'POST', '/api/schedules', schedule);
  const { execution_id } = await api<{ execution_id: string }>(page, 'POST', `/api/schedules/${id}/run`);
  await page.goto(`/schedules?edit=${id}`);
  await page.getByRole('dialog').getByRole('link', { name: 'Its runs' }).click();
  await expect(page).toHaveURL(new RegExp(`schedule=${id}`));
  await expect(page.getByText('of one schedule')).toBeVisible();
  await expect(page.getByRole('row')).toHaveCount(2);
  await expect(page.getByRole('row').nth(1).getByRole('link').first()).toHaveAttribute('href', new RegExp(execution_id));
  await api(page, 'DELETE', `/api/schedules/${id}`);
});

test('the chart of the home page leads to the runs of a column, and time saved is counted', async ({ admin: page }) => {
  const id = await execute(page, 'Spares work', {}, { sync: true });
  await page.goto('/');
  const chart = page.getByRole('figure', { name: 'Runs over time' });
  const columns = chart.getByRole('link');
  await expect(columns).toHaveCount(24);
  await page.getByRole('button', { name: '7 days' }).click();
  await expect(page).toHaveURL(/days=7/);
  await expect(columns).toHaveCount(7);
  await expect(columns.last()).toHaveAccessibleName(/: \d+ runs/);
  await columns.last().click();
  await expect(page).toHaveURL(/\/runs\?from=[^&]+&to=/);
  await expect(page.getByText(/\d{4}.* – .*\d{4}/)).toBeVisible();
  await expect(page.getByRole('row').filter({ hasText: 'Spares work' }).first()).toBeVisible();
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(page.getByLabel('From', { exact: true })).toHaveValue('');

  await page.goto('/');
  const spared = page.getByRole('list', { name: 'Workflows that saved most this month' });
  await expect(spared.getByRole('link', { name: 'Spares work' })).toBeVisible();
  await expect(page.getByText('This month', { exact: true })).toBeVisible();
  await page.getByRole('figure', { name: 'Time saved by month' }).getByRole('link').last().click();
  await expect(page).toHaveURL(/\/runs\?from=[^&]+&to=/);
  await expect(page.getByRole('row').filter({ hasText: 'Spares work' }).first()).toBeVisible();
  await page.goto(`/runs/${id}`);
  await expect(page.getByRole('region', { name: 'Summary' })).toContainText('saved 45 min');
});

test('workflows are found by category, tag and words', async ({ admin: page }) => {
  await page.goto('/workflows');
  const found = page.getByRole('main').getByRole('listitem');
  await page.getByLabel('Category').selectOption('Reports');
  await expect(page).toHaveURL(/category=Reports/);
  await expect(found).toHaveCount(1);
  await expect(found).toContainText('License reconciliation');
  await page.getByLabel('Category').selectOption({ label: 'All categories' });
  await page.getByLabel('Tag').selectOption('time-saving');
  await expect(page).toHaveURL(/tag=time-saving/);
  await expect(found).toHaveCount(1);
  await expect(found).toContainText('Spares work');
  await page.getByLabel('Tag').selectOption({ label: 'All tags' });
  await page.getByLabel('Search workflows').pressSequentially('bought licenses');
  await expect(page).toHaveURL(/q=bought\+licenses/);
  await expect(found).toHaveCount(1);
  await expect(page.getByText('1 workflow', { exact: true })).toBeVisible();
  await page.getByLabel('Search workflows').fill('no such thing');
  await expect(page.getByText('Nothing fits')).toBeVisible();
  await page.getByRole('button', { name: 'Show all' }).click();
  await expect(found.filter({ hasText: 'Spares work' })).toBeVisible();
});

test('a workflow shows its last runs, and its command is copied', async ({ admin: page }) => {
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  const id = await execute(page, 'Spares work', {}, { sync: true });
  await openWorkflow(page, 'Spares work');
  const last = page.getByRole('link', { name: /^Run of/ });
  await expect(last.first()).toHaveAttribute('href', new RegExp(id));
  await page.getByRole('button', { name: 'Copy the command' }).first().click();
  await expect(page.getByRole('status').filter({ hasText: 'Copied' })).toBeAttached();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("bifrost run 'Spares work'");
  await page.getByRole('link', { name: 'All runs' }).click();
  await expect(page).toHaveURL(/workflow=[\da-f-]{36}/);
  await expect(page.getByRole('list', { name: 'Filtered by' })).toContainText('Spares work');
});

test('the form of a workflow has the choices of data providers', async ({ admin: page }) => {
  await openWorkflow(page, 'Travels');
  const city = page.getByLabel(/^City/);
  await expect(city).toBeDisabled();
  await expect(city).toContainText('First fill in Country');
  await page.getByLabel('Country').selectOption({ label: 'Germany' });
  await city.selectOption({ label: 'Cologne' });
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expectResult(page, '"DE"', '"cologne"');
});
