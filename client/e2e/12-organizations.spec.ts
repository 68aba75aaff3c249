/** What a platform administrator does with organizations: limits, suspension, the end, reviews, what they share. */
import { readFileSync } from 'node:fs';
import { api, deploy, enterPassword, expect, expectSignedOut, openWorkflow, organizationOf, reviewedOrganizationOf, signIn, workflowCode } from './helpers';
import { test } from './own-server';

test('limits are saved, and count for the next run', async ({ admin: page }) => {
  const id = await organizationOf(page, 'Contoso');
  await page.goto(`/organizations/${id}`);
  const time = page.getByLabel('Time per run (s)', { exact: true });
  await expect(time).toHaveValue('1800');
  await time.fill('1');
  await page.getByLabel('Memory per run (MiB)').fill('128');
  await page.getByRole('button', { name: 'Save the limits' }).click();
  await expect(page.getByText('The limits are saved', { exact: true })).toBeVisible();
  await page.reload();
  await expect(time).toHaveValue('1');
  await expect(page.getByLabel('Memory per run (MiB)')).toHaveValue('128');
  await expect(page.getByLabel('Concurrent runs')).toHaveValue('2000');
  await page.getByRole('link', { name: 'Enter' }).click();
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Workflows' }).click();
  await page.getByRole('link', { name: 'Step by step', exact: true }).click();
  await page.getByLabel('Steps').fill('600');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Timed out' })).toBeVisible();
});

test('an organization is suspended, and goes on', async ({ admin: page, enter }) => {
  const id = await organizationOf(page, 'Wingtip', 'wingtip.example');
  const email = 'wes@wingtip.example';
  const wes = await enter({ email, name: 'Wes', organization: id });
  await wes.goto('/');
  await expect(wes.getByRole('heading', { name: 'Hello, Wes' })).toBeVisible();
  await page.goto(`/organizations/${id}`);
  await page.getByLabel('Active', { exact: true }).uncheck();
  await page.getByLabel('E-mail domain').fill('');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Suspended', { exact: true })).toBeVisible();

  await expectSignedOut(wes);
  await enterPassword(wes, email);
  await expect(wes.getByRole('alert')).toBeVisible();
  await page.getByRole('link', { name: 'Enter' }).click();
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Workflows' }).click();
  await page.getByRole('link', { name: 'hello', exact: true }).click();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('Ask the provider to activate the organization.');

  await page.goto(`/organizations/${id}`);
  await expect(page.getByLabel('E-mail domain')).toHaveValue('');
  await page.getByLabel('Active', { exact: true }).check();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Suspended', { exact: true })).toHaveCount(0);
  await signIn(wes, email);
  await openWorkflow(wes, 'hello');
  await wes.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(wes.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();
});

test('an organization is exported and deleted, and its export stays', async ({ admin: page, enter }) => {
  const id = await organizationOf(page, 'Adatum');
  const ada = await enter({ email: 'ada@adatum.example', name: 'Ada', role: 'org_admin', organization: id });
  await deploy(ada, { 'workflows/only.py': workflowCode('only_here') });
  await page.goto(`/organizations/${id}`);
  await page.getByRole('button', { name: 'Offboard…' }).click();
  const dialog = page.getByRole('dialog', { name: 'Offboard “Adatum”?' });
  const begin = dialog.getByRole('button', { name: 'Export and delete everything' });
  await dialog.getByLabel('Type “Adatum” to go on').fill('adatum');
  await expect(begin).toBeDisabled();
  await dialog.getByLabel('Type “Adatum” to go on').fill('Adatum');
  await begin.click();
  await expect(page.getByText('Done', { exact: true })).toBeVisible({ timeout: 60_000 });
  await expectSignedOut(ada);

  // Nothing of it is left but this.
  await page.reload();
  await expect(page.getByRole('button', { name: 'Save the limits' })).toHaveCount(0);
  const saved = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download the export' }).click();
  const file = await saved;
  expect(file.suggestedFilename()).toBe(`${id}.tar`);
  expect(readFileSync(await file.path(), 'latin1')).toContain('ada@adatum.example');
  await page.goto('/organizations');
  await expect(page.getByRole('table', { name: 'Organizations', exact: true })).toBeVisible();
  await expect(page.getByRole('table', { name: 'Organizations', exact: true }).getByRole('link', { name: 'Adatum' })).toHaveCount(0);
});

test('the organization is chosen by hand, and chosen it stays', async ({ admin: page }) => {
  const id = await organizationOf(page, 'Litware');
  await api(page, 'PUT', '/api/config/of_litware', { value: 'yes' }, id);
  await page.goto('/config');
  const chooser = page.getByRole('banner').getByRole('combobox', { name: 'Organization' });
  const row = page.getByRole('row').filter({ hasText: 'of_litware' });
  await expect(page.getByRole('button', { name: 'New setting' })).toBeVisible();
  await expect(row).toHaveCount(0);
  await chooser.click();
  await page.keyboard.type('litw');
  await page.getByRole('option', { name: 'Litware' }).click();
  await expect(page).toHaveURL(new RegExp(`/config\\?org=${id}`));
  await expect(row).toContainText('Own');
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'People' }).click();
  await expect(page.getByText('Nobody is here yet')).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`/people\\?org=${id}`));
  // Where the page is of one thing, the other organization begins at its start.
  await page.goto(`/code/versions/1?org=${id}`);
  await chooser.click();
  await page.getByRole('option', { name: /provider, global/ }).click();
  await expect(page.getByRole('heading', { name: 'Hello, Ada' })).toBeVisible();
  await expect(page).not.toHaveURL(/org=/);
});

test('a proposed version is rejected, and its author reads why', async ({ admin: page, enter }) => {
  const id = await reviewedOrganizationOf(page, 'Proseware');
  const pam = await enter({ email: 'pam@proseware.example', name: 'Pam', role: 'org_admin', organization: id });
  await deploy(pam, { 'workflows/risky.py': workflowCode('risky') });
  await pam.goto('/code/versions/1');
  await expect(pam.getByText('Somebody else has to review it.')).toBeVisible();

  await page.goto(`/?org=${id}`);
  await page.getByRole('link', { name: 'Review', exact: true }).click();
  await page.getByRole('link', { name: '1', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Changes of workflows/risky.py' })).toContainText('async def risky()');
  await page.getByRole('button', { name: 'Reject' }).click();
  const dialog = page.getByRole('dialog', { name: 'Reject version 1?' });
  await dialog.getByLabel('Comment').fill('It has no name for what it risks');
  await dialog.getByRole('button', { name: 'Reject' }).click();
  await expect(page.getByText('Version 1 is rejected', { exact: true })).toBeVisible();
  await expect(page.getByText('Rejected', { exact: true })).toBeVisible();
  await expect(page.getByRole('button', { name: /Approve|Activate/ })).toHaveCount(0);

  await pam.goto('/code');
  await expect(pam.getByText('No version is active yet')).toBeVisible();
  await pam.getByRole('link', { name: '1', exact: true }).click();
  await expect(pam.getByText('It has no name for what it risks')).toBeVisible();
  await pam.goto('/workflows?q=risky');
  await expect(pam.getByText('Nothing fits')).toBeVisible();
});

test('any two versions are compared', async ({ admin: page }) => {
  const id = await organizationOf(page, 'Lucerne');
  const second = { 'workflows/one.py': workflowCode('one', 'return "second"'), 'workflows/two.py': workflowCode('two') };
  await deploy(page, { 'workflows/one.py': workflowCode('one', 'return "first"') }, { organization: id });
  await deploy(page, second, { organization: id });
  await deploy(page, { ...second, 'README.md': '# Third\n' }, { organization: id });
  await page.goto(`/code?tab=versions&org=${id}`);
  await expect(page.getByRole('cell', { name: 'Active', exact: true })).toHaveCount(1);
  await expect(page.getByRole('cell', { name: 'Deployed', exact: true })).toHaveCount(2);
  await page.getByRole('link', { name: '2', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Changes of README.md' })).toBeVisible();
  await page.getByLabel('Compared with').selectOption({ label: 'Compared with version 1' });
  await expect(page).toHaveURL(/against=1/);
  const changes = page.getByRole('region', { name: 'Changes of workflows/one.py' });
  await expect(changes.getByRole('row').filter({ hasText: 'return "first"' })).toContainText('−');
  await expect(changes.getByRole('row').filter({ hasText: 'return "second"' })).toContainText('+');
  await expect(page.getByRole('region', { name: 'Changes of workflows/two.py' })).toContainText('async def two()');
  await expect(page.getByRole('region', { name: 'Changes of README.md' })).toHaveCount(0);
  await page.getByLabel('Compared with').selectOption({ label: 'Compared with the active version' });
  await expect(page.getByRole('region', { name: 'Changes of README.md' })).toBeVisible();
});

test('a folder is shared with a disclosure, imported, and shared no more', async ({ admin: page }) => {
  const id = await organizationOf(page, 'Margie');
  await page.goto('/code?tab=shared');
  const save = page.getByRole('button', { name: 'Save' });
  await page.getByRole('textbox', { name: 'Folders' }).fill('modules');
  await save.click();
  await expect(page.getByRole('alert')).toContainText('Agree that the source of these folders is disclosed');
  await page.getByLabel('I mean to disclose this source').check();
  await save.click();
  await page.getByText('3 files shared now').click();
  await expect(page.getByText('modules/sla.py')).toBeVisible();

  const imports = `from modules.sla import by_company\n${workflowCode('uses_shared', 'return callable(by_company)')}`;
  await deploy(page, { 'workflows/uses_shared.py': imports }, { organization: id });
  await page.goto(`/workflows?org=${id}`);
  await page.getByRole('link', { name: 'uses_shared', exact: true }).click();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();

  // Whoever imports it would break.
  await page.goto('/code?tab=shared');
  await expect(page.getByRole('textbox', { name: 'Folders' })).toHaveValue('modules');
  await page.getByRole('textbox', { name: 'Folders' }).fill('');
  await save.click();
  await expect(page.getByRole('alert')).toContainText('Margie');
  await page.getByLabel('Also when workspaces of organizations break by it').check();
  await save.click();
  await expect(page.getByText('3 files shared now')).toHaveCount(0);
  await page.reload();
  await expect(page.getByRole('textbox', { name: 'Folders' })).toHaveValue('');
});

test('nothing is dead in a queue that works', async ({ admin: page }) => {
  await page.goto('/operations');
  await expect(page.getByText('No dead letters')).toBeVisible();
  await page.getByLabel('Decision').selectOption({ label: 'Failed' });
  await expect(page).toHaveURL(/state=failed/);
  await page.getByLabel('Replayed').selectOption({ label: 'Not replayed' });
  await expect(page.getByText('Nothing fits')).toBeVisible();
  await page.getByRole('button', { name: 'Show all' }).click();
  await expect(page.getByText('No dead letters')).toBeVisible();
});
