/** People, invitations and keys, as an administrator changes and ends them. */
import { accept, api, enterPassword, expect, expectSignedOut, open, signIn } from './helpers';
import { test } from './own-server';

test('a person gets another name and role, is signed out, deactivated, and comes back', async ({ admin: page, enter }) => {
  const email = 'wanda@provider.example';
  const wanda = await enter({ email, name: 'Wanda' });
  await page.goto('/people?q=wanda');
  const row = page.getByRole('row').filter({ hasText: email });
  await row.getByRole('link', { name: 'Wanda', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Wanda' });
  await dialog.getByLabel('Name').fill('Wanda Weaver');
  await dialog.getByLabel('Role', { exact: true }).selectOption({ label: 'Administrator' });
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(row).toContainText('Wanda Weaver');
  await expect(row).toContainText('Administrator');
  await expect(async () => {
    await wanda.goto('/audit');
    await expect(wanda.getByRole('button', { name: 'Verify' })).toBeVisible({ timeout: 1_000 });
  }).toPass();

  await row.getByRole('link', { name: 'Wanda Weaver' }).click();
  await dialog.getByRole('button', { name: 'End all sessions' }).click();
  await expect(page.getByText('All their sessions were ended', { exact: true })).toBeVisible();
  await expectSignedOut(wanda);
  await signIn(wanda, email);

  await dialog.getByLabel('Active', { exact: true }).uncheck();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Nobody found')).toBeVisible();
  await expectSignedOut(wanda);
  await enterPassword(wanda, email);
  await expect(wanda.getByRole('alert')).toContainText('account is deactivated');

  await page.getByLabel('Show deactivated').check();
  await expect(row).toContainText('Deactivated');
  await row.getByRole('link', { name: 'Wanda Weaver' }).click();
  await dialog.getByLabel('Active', { exact: true }).check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(row).not.toContainText('Deactivated');
  await signIn(wanda, email);
});

test('an invitation is revoked, and its link is good for nothing', async ({ admin: page, browser, server }) => {
  const email = 'ivan@provider.example';
  const { token } = await api<{ token: string }>(page, 'POST', '/api/invitations', { email, role: 'org_user' });
  await page.goto('/people?tab=invitations');
  const row = page.getByRole('main').getByRole('listitem').filter({ hasText: email });
  await expect(row).toContainText('User');
  await row.getByRole('button', { name: 'Revoke' }).click();
  const dialog = page.getByRole('dialog', { name: 'Revoke the invitation?' });
  await expect(dialog).toContainText(email);
  await dialog.getByRole('button', { name: 'Revoke' }).click();
  await expect(row).toHaveCount(0);

  const ivan = await open(browser, undefined, server.url);
  await accept(ivan, token);
  await expect(ivan.getByRole('alert')).toContainText('Begin again');
  await ivan.goto('/');
  await expect(ivan.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await ivan.context().close();
});

test('a key allows less than its holder, and for a time', async ({ admin: page, server }) => {
  await api(page, 'POST', '/api/users', { email: 'reader-bot', kind: 'service', role: 'org_admin', roles: [] });
  await page.goto('/keys');
  await page.getByRole('button', { name: 'New key' }).click();
  const dialog = page.getByRole('dialog', { name: 'New key' });
  await dialog.getByLabel('Name').fill('Reads settings');
  await dialog.getByRole('combobox', { name: 'Holder' }).click();
  await page.getByRole('option', { name: /reader-bot/ }).click();
  await dialog.getByLabel('Role', { exact: true }).selectOption({ label: 'Administrator' });
  await dialog.getByLabel('Valid for').selectOption({ label: '30 days' });
  await dialog.getByLabel('Only some permissions').check();
  await dialog.getByLabel('config.read').check();
  await dialog.getByRole('button', { name: 'Create key' }).click();
  const made = page.getByRole('dialog', { name: '“Reads settings” was created' });
  const key = (await made.locator('pre').innerText()).trim();
  await made.getByRole('button', { name: 'I have saved it' }).click();
  const row = page.getByRole('row').filter({ hasText: 'Reads settings' });
  await expect(row).toContainText('Only 1 permission');
  await expect(row).toContainText(/in (29|30) days/);
  await expect(row).toContainText('Never');

  const asked = (path: string) => fetch(`${server.url}${path}`, { headers: { authorization: `Bearer ${key}` } });
  expect((await asked('/api/config')).status).toBe(200);
  expect((await asked('/api/users')).status).toBe(403);
  await row.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog', { name: 'Revoke “Reads settings”?' }).getByRole('button', { name: 'Revoke' }).click();
  await expect(row).toHaveCount(0);
  // As the question has said: within five seconds.
  await expect.poll(async () => (await asked('/api/config')).status).toBe(401);
  await page.getByLabel('Show revoked and expired').check();
  await expect(row).toContainText('Revoked');
});
