/** What others than a platform administrator see and do: each role with its screens, and no more. */
import type { Page } from '@playwright/test';
import { built, fill } from './editor';
import { api, deploy, execute, expect, expectRefused, expectResult, openWorkflow, organizationOf, workflowCode } from './helpers';
import { test } from './own-server';

/** What is everybody's. */
const EVERYBODY = ['Home', 'Workflows', 'Forms', 'Runs', 'Notifications'];

/** A workflow of an organization's own. */
const own = (name: string) => workflowCode(name, 'return "ran to its end"');

const ADMINISTRATION = ['/config', '/people', '/audit', '/operations', '/organizations'];

/** A role is believed for two seconds at most after it has changed. */
const expectPlaces = (page: Page, places: string[]) =>
  expect(async () => {
    await page.goto('/');
    await expect(page.getByRole('navigation', { name: 'Main' }).getByRole('link')).toHaveText(places, { timeout: 1_000 });
  }).toPass();

test("an organization's administrator has all of it, and nothing of the platform", async ({ admin, enter }) => {
  const organization = await organizationOf(admin, 'Tailspin');
  const me = await api<{ organization_id: string }>(admin, 'GET', '/api/me');
  const tess = await enter({ email: 'tess@tailspin.example', name: 'Tess', role: 'org_admin', organization });
  await expectPlaces(tess, [
    ...['Home', 'Workflows', 'Forms', 'Runs', 'Schedules', 'Code'],
    ...['Integrations', 'Webhooks', 'Endpoints'],
    ...['Config & secrets', 'Tables', 'Files'],
    ...['People', 'Roles', 'API keys', 'Network', 'Notifications', 'Audit log'],
  ]);
  await expect(tess.getByRole('banner').getByText('Tailspin')).toBeVisible();
  await expect(tess.getByRole('combobox', { name: 'Organization' })).toHaveCount(0);

  // The people are hers, and nobody is made more than she is.
  await tess.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'People' }).click();
  await expect(tess.getByRole('table', { name: 'People' }).getByRole('row')).toHaveCount(2);
  await expect(tess.getByRole('row').filter({ hasText: 'Tess' })).toContainText('Administrator');
  await tess.getByRole('button', { name: 'Invite' }).click();
  const dialog = tess.getByRole('dialog', { name: 'Invite somebody' });
  await expect(dialog.getByLabel('Role').getByRole('option')).toHaveText(['Guest', 'User', 'Administrator']);
  await dialog.getByRole('button', { name: 'Cancel' }).click();

  // So is the code: she runs it, and the provider does not have it.
  await deploy(tess, { 'workflows/tailspin.py': own('tailspin_only') });
  await openWorkflow(tess, 'tailspin_only');
  await tess.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(tess.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();
  await expect(tess.getByText('ran to its end').first()).toBeVisible();
  await admin.goto('/workflows?q=tailspin_only');
  await expect(admin.getByText('Nothing fits')).toBeVisible();
  await tess.goto('/code');
  await expect(tess.getByRole('tab', { name: 'Versions' })).toBeVisible();
  await expect(tess.getByRole('tab', { name: 'Shared folders' })).toHaveCount(0);

  await expectRefused(tess, ['/organizations', `/organizations/${organization}`, '/identity-providers', '/operations']);
  // Another organization's address leads to her own.
  await tess.goto(`/people?org=${me.organization_id}`);
  await expect(tess.getByRole('heading', { name: 'Hello, Tess' })).toBeVisible();
  await expect(tess).not.toHaveURL(/org=/);
});

test('a user runs what there is, sees their own runs, and administers nothing', async ({ admin, enter }) => {
  const uma = await enter({ email: 'uma@provider.example', name: 'Uma' });
  await execute(admin, 'Fails', { customer: 'Initech' }, { sync: true });
  await expectPlaces(uma, EVERYBODY);
  await openWorkflow(uma, 'hello');
  await expect(uma.getByRole('tablist', { name: 'About this workflow' }).getByRole('tab')).toHaveText(['Call', 'Forms']);
  await uma.getByLabel('Name').fill('Uma');
  await uma.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(uma.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();
  await expect(uma.getByText('Hello, Uma.')).toBeVisible();
  await expect(uma.getByRole('tab', { name: 'Variables' })).toHaveCount(0);
  await uma.goto('/runs');
  await expect(uma.getByRole('row').filter({ hasText: 'hello' })).toHaveCount(1);
  await expect(uma.getByRole('row').filter({ hasText: 'Fails' })).toHaveCount(0);
  await uma.goto('/notifications');
  await expect(uma.getByRole('tab')).toHaveText(['Latest']);
  await expectRefused(uma, [...ADMINISTRATION, '/schedules', '/keys', '/network']);
});

test('a role is made here and given to somebody, who writes code and cannot deploy it', async ({ admin: page, enter }) => {
  const organization = await organizationOf(page, 'Relecloud');
  await deploy(page, { 'workflows/tried.py': own('not_tried') }, { organization });
  const ron = await enter({ email: 'ron@relecloud.example', name: 'Ron', role: 'org_guest', organization });
  await page.goto(`/roles?org=${organization}`);
  await page.getByRole('button', { name: 'New role' }).click();
  const made = page.getByRole('dialog', { name: 'New role' });
  await made.getByLabel('Name').fill('Code writer');
  await made.getByLabel('Description').fill('Tries code, and shows it to others');
  await made.getByLabel('workspace.read').check();
  await made.getByLabel('workspace.draft').check();
  await made.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('main').getByRole('listitem').filter({ hasText: 'Code writer' })).toContainText('2 permissions');
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'People' }).click();
  await page.getByRole('link', { name: 'Ron', exact: true }).click();
  const person = page.getByRole('dialog', { name: 'Ron' });
  await person.getByLabel('Code writer').check();
  await person.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('row').filter({ hasText: 'ron@relecloud.example' })).toContainText('Code writer');

  await expectPlaces(ron, ['Home', 'Workflows', 'Forms', 'Runs', 'Code', 'Notifications']);
  await ron.goto('/code?path=workflows%2Ftried.py');
  await ron.getByRole('link', { name: 'Edit code' }).click();
  await fill(ron, 'workflows/tried.py', 'from bifrost import workflow\n\n\n@workflow\nasync def tried(name: str) -> dict:\n    return {"tried": name}\n');
  await built(ron);
  await ron.getByRole('button', { name: 'Run draft' }).click();
  const run = ron.getByRole('region', { name: 'Run a draft' });
  await run.getByLabel('Name').fill('by Ron');
  await run.getByRole('button', { name: 'Run', exact: true }).click();
  await expectResult(run, '"tried": "by Ron"');
  await expect(ron.getByRole('button', { name: 'Deploy…' })).toHaveCount(0);
  const deployed = await ron.request.post('/api/workspace/deploy', { headers: { 'sec-fetch-site': 'same-origin' }, data: { files: {} } });
  expect(deployed.status()).toBe(403);
  await ron.goto('/workflows');
  await expect(ron.getByText('No workflows for you yet')).toBeVisible();
  await expectRefused(ron, ADMINISTRATION);
});

test('what a role allows changes for those who have it, and ends with it', async ({ admin: page, enter }) => {
  const { id } = await api<{ id: string }>(page, 'POST', '/api/roles', { name: 'Looks at settings', permissions: ['config.read'] });
  const lena = await enter({ email: 'lena@provider.example', name: 'Lena', role: 'org_guest', roles: [id] });
  await expectPlaces(lena, ['Home', 'Workflows', 'Forms', 'Runs', 'Config & secrets', 'Network', 'Notifications']);
  await lena.goto('/config');
  await expect(lena.getByRole('heading', { level: 1, name: 'Config & secrets' })).toBeVisible();
  await expect(lena.getByRole('button', { name: 'New setting' })).toHaveCount(0);

  await page.goto('/roles');
  await page.getByRole('link', { name: 'Looks at settings' }).click();
  const dialog = page.getByRole('dialog', { name: 'Looks at settings' });
  await dialog.getByLabel('Name').fill('Keeps settings');
  await dialog.getByLabel('config.write').check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('main').getByRole('listitem').filter({ hasText: 'Keeps settings' })).toContainText('2 permissions');
  await expect(async () => {
    await lena.goto('/config');
    await expect(lena.getByRole('button', { name: 'New setting' })).toBeVisible({ timeout: 1_000 });
  }).toPass();
  await lena.getByRole('button', { name: 'New setting' }).click();
  await lena.getByLabel('Name').fill('lena_was_here');
  await lena.getByLabel('Value').fill('yes');
  await lena.getByRole('button', { name: 'Save' }).click();
  await expect(lena.getByRole('row').filter({ hasText: 'lena_was_here' })).toContainText('yes');

  await page.getByRole('link', { name: 'Keeps settings' }).click();
  await page.getByRole('dialog', { name: 'Keeps settings' }).getByRole('button', { name: 'Delete' }).click();
  const question = page.getByRole('dialog', { name: 'Delete “Keeps settings”?' });
  await expect(question).toContainText('1 person loses what it allows.');
  await question.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByRole('link', { name: 'Keeps settings' })).toHaveCount(0);
  await expectPlaces(lena, EVERYBODY);
});

test('a form that was granted to a guest is all that they see', async ({ admin: page, enter }) => {
  const organization = await organizationOf(page, 'Alpine');
  const gina = await enter({ email: 'gina@alpine.example', name: 'Gina', role: 'org_guest', organization });
  const form = (name: string) => ({ name, workflow: 'Filled in', access: 'granted', fields: [{ name: 'name', label: 'Name', type: 'text', required: true }] });
  const { id } = await api<{ id: string }>(page, 'POST', '/api/forms', form('Leave request'), organization);
  const other = await api<{ id: string }>(page, 'POST', '/api/forms', form('Salary review'), organization);
  await page.goto(`/forms/${id}/edit?tab=access&org=${organization}`);
  await page.getByRole('combobox', { name: 'Person or role' }).click();
  await page.getByRole('option', { name: /Gina/ }).click();
  await page.getByRole('button', { name: 'Grant it' }).click();
  const back = page.getByRole('button', { name: 'Revoke from Gina' });
  await expect(back).toBeVisible();

  await gina.goto('/forms');
  await expect(gina.getByRole('link', { name: 'Leave request' })).toBeVisible();
  await expect(gina.getByRole('link', { name: 'Salary review' })).toHaveCount(0);
  await gina.getByRole('link', { name: 'Leave request' }).click();
  await expect(gina.getByRole('link', { name: 'Edit the form' })).toHaveCount(0);
  await gina.getByRole('textbox', { name: 'Name' }).fill('Gina');
  await gina.getByRole('button', { name: 'Send' }).click();
  await expect(gina).toHaveURL(/\/runs\//);
  await expect(gina.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();
  await gina.goto('/workflows');
  await expect(gina.getByText('No workflows for you yet')).toBeVisible();
  await gina.goto('/runs');
  await expect(gina.getByRole('row').filter({ hasText: 'Filled in' })).toHaveCount(1);
  await gina.goto(`/forms/${other.id}`);
  await expect(gina.getByRole('alert')).toBeVisible();

  await back.click();
  await expect(page.getByText('Nobody yet')).toBeVisible();
  await gina.goto('/forms');
  await expect(gina.getByText('No forms for you yet')).toBeVisible();
  await gina.goto(`/forms/${id}`);
  await expect(gina.getByRole('alert')).toBeVisible();
});
