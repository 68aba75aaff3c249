/** Secrets that are shared, and all that a schedule can be. */
import { api, deploy, expect, organizationOf } from './helpers';
import { test } from './own-server';

interface Schedule {
  name: string;
  timezone: string;
  overlap_policy: string;
  catch_up_policy: string;
  priority: string;
  next_run_at: string;
}

test('a secret is shared with an organization, which sees it, hides it by its own, and loses it', async ({ admin: page, enter }) => {
  const organization = await organizationOf(page, 'Fourth Coffee');
  const cleo = await enter({ email: 'cleo@coffee.example', name: 'Cleo', role: 'org_admin', organization });
  await api(page, 'PUT', '/api/config/vendor_token', { value: 's3cret-of-the-vendor', type: 'secret' });
  await api(page, 'PUT', '/api/config/vendor_url', { value: 'https://vendor.example' });
  await cleo.goto('/config');
  const theirs = cleo.getByRole('row').filter({ hasText: 'vendor_token' });
  await expect(cleo.getByRole('row').filter({ hasText: 'vendor_url' })).toContainText('Inherited');
  await expect(cleo.getByRole('button', { name: 'Delete vendor_url' })).toHaveCount(0);
  await expect(theirs).toHaveCount(0);

  await page.goto('/config');
  const ours = page.getByRole('row').filter({ hasText: 'vendor_token' });
  await expect(ours).toContainText('Global');
  await ours.getByRole('link', { name: 'vendor_token' }).click();
  const dialog = page.getByRole('dialog', { name: 'vendor_token' });
  await dialog.getByLabel('Fourth Coffee').click();
  await expect(dialog.getByLabel('Fourth Coffee')).toBeChecked();
  await page.keyboard.press('Escape');
  await expect(ours).toContainText('Shared');

  await cleo.reload();
  for (const badge of ['Inherited', 'Shared', 'secret']) await expect(theirs).toContainText(badge);
  await theirs.getByRole('link', { name: 'vendor_token' }).click();
  await expect(cleo.getByRole('dialog')).toContainText('It is global. What you save here is this organization’s own value.');
  await expect(cleo.getByRole('heading', { name: 'Shared with' })).toHaveCount(0);
  await cleo.getByLabel('Value').fill('s3cret-of-the-coffee');
  await cleo.getByRole('button', { name: 'Save' }).click();
  for (const badge of ['Own', 'Overrides global']) await expect(theirs).toContainText(badge);
  expect(await cleo.content()).not.toContain('s3cret');
  await theirs.getByRole('button', { name: 'Delete vendor_token' }).click();
  await cleo.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(theirs).toContainText('Inherited');

  await ours.getByRole('link', { name: 'vendor_token' }).click();
  await dialog.getByLabel('Fourth Coffee').click();
  await expect(dialog.getByLabel('Fourth Coffee')).not.toBeChecked();
  await page.keyboard.press('Escape');
  await expect(ours).not.toContainText('Shared');
  await cleo.reload();
  await expect(cleo.getByRole('row').filter({ hasText: 'vendor_url' })).toBeVisible();
  await expect(theirs).toHaveCount(0);
});

test('a schedule of another zone is made with its policies, changed and deleted', async ({ admin: page }) => {
  await page.goto('/schedules');
  await page.getByRole('button', { name: 'New schedule' }).click();
  const dialog = page.getByRole('dialog', { name: 'New schedule' });
  await dialog.getByRole('combobox', { name: 'Workflow' }).click();
  await page.getByRole('option', { name: /^hello/ }).click();
  await dialog.getByLabel('Name').first().fill('Tokyo morning');
  await dialog.getByRole('button', { name: 'Every day at 9' }).click();
  await dialog.getByRole('combobox', { name: 'Time zone' }).click();
  await page.keyboard.type('tokyo');
  await page.getByRole('option', { name: 'Asia/Tokyo' }).click();
  await expect(dialog.getByRole('region', { name: 'Next times' }).getByTitle('09:00:00+09:00').first()).toHaveText(/, 09:00$/);
  await dialog.getByLabel('When an earlier run has not ended').selectOption({ label: 'Cancel the earlier one' });
  await dialog.getByLabel('After the platform was down').selectOption({ label: 'Leave out what was missed' });
  await dialog.getByLabel('When workers are busy').selectOption({ label: 'Wait until nothing else does' });
  await dialog.getByRole('button', { name: 'Save' }).click();
  const row = page.getByRole('row').filter({ hasText: 'Tokyo morning' });
  await expect(row).toContainText('0 9 * * * · Asia/Tokyo');
  await expect(row).toContainText('Here');
  const saved = async () => (await api<{ schedules: Schedule[] }>(page, 'GET', '/api/schedules')).schedules.find(({ name }) => name === 'Tokyo morning');
  const made = await saved();
  expect(made).toMatchObject({ timezone: 'Asia/Tokyo', overlap_policy: 'replace', catch_up_policy: 'none', priority: 'bulk' });
  expect(new Date(made?.next_run_at ?? '').getUTCHours(), 'nine in Tokyo').toBe(0);

  await row.getByRole('link', { name: 'Tokyo morning' }).click();
  const edit = page.getByRole('dialog', { name: 'Tokyo morning' });
  await expect(edit.getByLabel('When an earlier run has not ended')).toHaveValue('replace');
  await edit.getByLabel('When an earlier run has not ended').selectOption({ label: 'Wait for its end' });
  await edit.getByLabel('After the platform was down').selectOption({ label: 'Make up for all of the last 24 hours' });
  await edit.getByRole('button', { name: 'Save' }).click();
  await expect(edit).toHaveCount(0);
  expect(await saved()).toMatchObject({ overlap_policy: 'queue', catch_up_policy: 'all', priority: 'bulk' });
  await row.getByRole('link', { name: 'Tokyo morning' }).click();
  await edit.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog', { name: 'Delete “Tokyo morning”?' }).getByRole('button', { name: 'Delete' }).click();
  await expect(row).toHaveCount(0);
});

test('a schedule emits a topic', async ({ admin: page }) => {
  await api(page, 'POST', '/api/webhooks', { name: 'Day begun', kind: 'topic', topic: 'day.begun' });
  await page.goto('/schedules');
  await page.getByRole('button', { name: 'New schedule' }).click();
  const dialog = page.getByRole('dialog', { name: 'New schedule' });
  await dialog.getByRole('radio', { name: 'Emit a topic' }).check();
  await dialog.getByLabel('Name').fill('Begins the day');
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByText('Name a topic, such as orders.created.')).toBeVisible();
  await dialog.getByLabel('Topic', { exact: true }).fill('day.begun');
  await dialog.getByLabel('As JSON').fill('{"day": "today"}');
  await expect(dialog.getByLabel('When an earlier run has not ended')).toHaveCount(0);
  await dialog.getByRole('button', { name: 'Save' }).click();
  const row = page.getByRole('row').filter({ hasText: 'Begins the day' });
  await expect(row).toContainText('Emits day.begun');
  await row.getByRole('link', { name: 'Begins the day' }).click();
  const edit = page.getByRole('dialog', { name: 'Begins the day' });
  await expect(edit).toContainText('It emits day.begun.');
  await expect(edit.getByLabel('As JSON')).toHaveValue(/"day": "today"/);
  await expect(edit.getByRole('button', { name: 'Run now' })).toHaveCount(0);
});

test('a schedule from code is paused and given policies here, and goes with its code', async ({ admin: page }) => {
  const organization = await organizationOf(page, 'Bellows');
  const code = (decorator: string) => ({ 'workflows/weekly.py': `from bifrost import workflow\n\n\n${decorator}\nasync def weekly() -> int:\n    return 7\n` });
  await deploy(page, code('@workflow(schedule="0 6 * * 1", timezone="Europe/Berlin")'), { organization });
  await page.goto(`/schedules?org=${organization}`);
  const row = page.getByRole('row').filter({ hasText: 'Europe/Berlin' });
  await expect(row).toContainText('At 06:00, only on Monday');
  await expect(row).toContainText('Code');
  await row.getByRole('link', { name: 'weekly' }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog).toContainText('It stands in code; here it can be paused, and its priority and its policies set.');
  await expect(dialog.getByLabel('Name').first()).toBeDisabled();
  await expect(dialog.getByRole('button', { name: 'Delete' })).toHaveCount(0);
  await dialog.getByRole('button', { name: 'Pause' }).click();
  await expect(dialog.getByText('Paused', { exact: true })).toBeVisible();
  await dialog.getByLabel('When an earlier run has not ended').selectOption({ label: 'Wait for its end' });
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(row).toContainText('Paused');
  await row.getByRole('link', { name: 'weekly' }).click();
  await expect(dialog.getByLabel('When an earlier run has not ended')).toHaveValue('queue');
  await page.keyboard.press('Escape');
  await deploy(page, code('@workflow'), { organization });
  await page.reload();
  await expect(page.getByText('Nothing starts by the clock yet')).toBeVisible();
});
