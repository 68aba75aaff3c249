/** Forms, live logs, failures, repetition, lists. */
import { expect, openWorkflow, test } from './helpers';

test('a form has a field for each type, and says what is wrong', async ({ admin: page }) => {
  await openWorkflow(page, 'All fields');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByText('Text is needed.')).toBeVisible();
  await page.getByRole('textbox', { name: /^Text/ }).fill('a');
  await page.getByRole('textbox', { name: /^Count/ }).fill('many');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByText('Enter a whole number')).toBeVisible();
  await page.getByRole('textbox', { name: /^Count/ }).fill('7');
  await page.getByRole('textbox', { name: /^Share/ }).fill('0.25');
  await page.getByLabel('Loud').uncheck();
  await page.getByRole('textbox', { name: /^Names/ }).fill('Ada\nGrace');
  await page.getByRole('textbox', { name: /^More/ }).fill('{"a": 1}');
  await page.getByLabel('Shape').selectOption({ label: 'square' });
  await expect(page.getByText('--param count=7')).toBeVisible();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();
  await page.getByRole('button', { name: 'JSON', exact: true }).click();
  const result = page.getByRole('textbox', { name: 'Result as JSON' });
  for (const part of ['"count": 7', '"share": 0.25', '"loud": false', '"Grace"', '"a": 1', '"square"']) {
    await expect(result).toContainText(part);
  }
});

test('a run is followed from its first line to its result', async ({ admin: page }) => {
  await openWorkflow(page, 'Step by step');
  await page.getByLabel('Steps').fill('12');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const log = page.getByRole('region', { name: 'Log lines' });
  await expect(log).toContainText('Step 1 of 12');
  await expect(log).not.toContainText('Step 12 of 12');
  await expect(page.getByRole('status').filter({ hasText: 'Running' })).toBeVisible();
  // What the connection loses comes once it is there again, and no line twice.
  await page.context().setOffline(true);
  await page.waitForTimeout(600);
  await page.context().setOffline(false);
  await expect(page.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();
  await page.getByRole('tab', { name: 'Log' }).click();
  await expect(page.getByText('12 lines')).toBeVisible();
  await page.getByLabel('Search the log').fill('Step 7');
  await expect(page.getByText('1 of 12 lines')).toBeVisible();
  await page.getByRole('link', { name: 'Line 7' }).click();
  await expect(page).toHaveURL(/line=7/);
});

test('a failure shows its error, its code and its variables', async ({ admin: page }) => {
  await openWorkflow(page, 'Fails');
  await page.getByLabel('Customer').fill('Initech');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const error = page.getByRole('region', { name: 'Error' });
  await expect(error).toContainText('no contract of Initech');
  await page.getByRole('tab', { name: 'Variables' }).click();
  await expect(page.getByText('Initech').first()).toBeVisible();
  await page.getByRole('tab', { name: 'Calls' }).click();
  await expect(page.getByText('It made no HTTP calls')).toBeVisible();
  const failed = page.url();
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Edit the input and run' }).click();
  await expect(page.getByLabel('Customer')).toHaveValue('Initech');
  await page.getByLabel('Customer').fill('Hooli');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Error' })).toContainText('no contract of Hooli');
  // Of this run, and not of the one that was looked at before.
  await page.getByRole('link', { name: 'Repeats another run' }).click();
  await expect(page).toHaveURL(failed.replace(/\?.*$/, ''));
  await expect(page.getByRole('region', { name: 'Error' })).toContainText('no contract of Initech');
  await page.goBack();
  await expect(page.getByRole('region', { name: 'Error' })).toContainText('no contract of Hooli');
  await page.getByRole('region', { name: 'Error' }).getByRole('link').last().click();
  await expect(page).toHaveURL(/\/code\?path=workflows(%2F|\/)ui_cases.py&line=\d+&version=[\da-f-]{36}/);
  await expect(page.getByRole('textbox', { name: 'workflows/ui_cases.py' })).toContainText('raise LookupError');
});

test('a run can be cancelled, after a question', async ({ admin: page }) => {
  await openWorkflow(page, 'Step by step');
  await page.getByLabel('Steps').fill('600');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Running' })).toBeVisible();
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await page.getByRole('button', { name: 'Cancel the run' }).click();
  await expect(page.getByRole('status').filter({ hasText: /^Cancelled$/ })).toBeVisible();
});

test('a run can wait for its time', async ({ admin: page }) => {
  await openWorkflow(page, 'hello');
  await page.getByRole('button', { name: 'Later…' }).click();
  await page.getByRole('button', { name: 'Run then' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Scheduled' })).toBeVisible();
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await page.getByRole('button', { name: 'Cancel the run' }).click();
  await expect(page.getByRole('status').filter({ hasText: /^Cancelled$/ })).toBeVisible();
});

test('a hundred thousand lines can be scrolled and searched', async ({ admin: page }) => {
  test.setTimeout(300_000);
  await openWorkflow(page, 'Long log');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible({ timeout: 180_000 });
  await page.getByRole('tab', { name: 'Log' }).click();
  await expect(page.getByText('100,000 lines')).toBeVisible({ timeout: 60_000 });
  const box = page.getByRole('region', { name: 'Log lines' });
  // Rows on the screen are all that exist.
  const count = await box.getByRole('link').count();
  expect(count).toBeLessThan(200);
  await box.focus();
  await page.keyboard.press('Home');
  await expect(box.getByRole('link', { name: 'Line 1', exact: true })).toBeVisible();
  await page.keyboard.press('End');
  await expect(box.getByRole('link', { name: 'Line 100000', exact: true })).toBeVisible();
  await page.getByLabel('Search the log').fill('line 5555');
  await expect(page.getByText('11 of 100,000 lines')).toBeVisible();
  const [url] = page.url().split('?');
  await page.goto(`${url ?? ''}?tab=log&line=77777`);
  await expect(box.getByRole('link', { name: 'Line 77777', exact: true })).toBeVisible({ timeout: 60_000 });
});

test('the list follows what happens, and its state is its address', async ({ admin: page, browser }) => {
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
  await page.getByRole('button', { name: 'Take out Failed' }).click();
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
