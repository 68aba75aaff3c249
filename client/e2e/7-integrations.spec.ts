/** Integrations: defined, connected and disconnected, and what is said when a token cannot be had. */
import type { Page } from '@playwright/test';
import { authorizationServer, type AuthorizationServer } from './authorization-server';
import { api, bifrost, expect, idByName, test } from './helpers';
import { expectScreens, look } from './screens';

test('an integration is defined, and what is secret of it is never shown', async ({ admin: page }) => {
  await page.goto('/integrations');
  await expect(page.getByText('No integrations yet')).toBeVisible();
  await page.getByRole('button', { name: 'New integration' }).first().click();
  await page.getByLabel('Name').fill('CRM');
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'CRM' })).toBeVisible();
  await expect(page.getByText('Still missing')).toBeVisible();
  await page.getByLabel('base_url').fill('https://api.crm.example');
  await page.getByLabel('api_key', { exact: true }).fill('k3y-of-the-crm');
  await page.getByRole('button', { name: 'Save values' }).click();
  await expect(page.getByText('The values are saved', { exact: true })).toBeVisible();
  await expect(page.getByText('Still missing')).toHaveCount(0);
  await page.reload();
  await expect(page.getByLabel('base_url')).toHaveValue('https://api.crm.example');
  await expect(page.getByLabel('api_key', { exact: true })).toHaveValue('');
  await expect(page.getByText('It is set;')).toBeVisible();
  expect(await page.content()).not.toContain('k3y-of-the-crm');

  await page.getByRole('tab', { name: 'Definition' }).click();
  await page.getByRole('button', { name: 'Add a value' }).click();
  const third = page.getByRole('group', { name: 'Value 3' });
  await third.getByLabel('Key').fill('retries');
  const retries = page.getByRole('group', { name: 'retries' });
  await retries.getByLabel('Type').selectOption({ label: 'Whole number' });
  await retries.getByLabel('Default').fill('many');
  await page.getByRole('button', { name: 'Save definition' }).click();
  await expect(page.getByText('Enter a whole number')).toBeVisible();
  await retries.getByLabel('Default').fill('3');
  await page.getByRole('button', { name: 'Move retries up' }).click();
  await page.getByRole('button', { name: 'Save definition' }).click();
  await expect(page.getByText('The definition is saved', { exact: true })).toBeVisible();
  // What is set is not lost without a question.
  await page.getByRole('button', { name: 'Remove base_url' }).click();
  await page.getByRole('button', { name: 'Save definition' }).click();
  await expect(page.getByRole('dialog')).toContainText('base_url');
  await page.getByRole('button', { name: 'Keep' }).click();
  await page.reload();
  await expect(page.getByRole('group', { name: 'base_url' })).toBeVisible();
});

test('an account is connected in a window, and the result is shown here', async ({ admin: page }) => {
  const server = await authorizationServer();
  await page.goto('/integrations/CRM?tab=definition');
  await page.getByRole('button', { name: 'Add an authorization server' }).click();
  await page.getByLabel('Client id').fill('platform');
  await page.getByLabel('Client secret').fill('secret-of-the-client');
  await page.getByLabel('Authorization address').fill(`${server.url}/authorize`);
  await page.getByLabel('Token address').fill('crm.example/token');
  await page.getByRole('button', { name: 'Save server' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await page.getByLabel('Token address').fill(`${server.url}/token`);
  await page.getByLabel('Scopes').fill('read offline_access');
  await page.getByRole('button', { name: 'Save server' }).click();
  await expect(page.getByText('The authorization server is saved', { exact: true })).toBeVisible();
  await page.getByRole('tab', { name: 'Connection' }).click();
  await expect(page.getByText('Nobody has granted access')).toBeVisible();

  server.agrees = false;
  let opened = page.waitForEvent('popup');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  let popup = await opened;
  await popup.waitForURL(`${server.url}/**`);
  // Whoever is visited there cannot lead this page elsewhere.
  expect(await popup.evaluate(() => window.opener === null)).toBe(true);
  await popup.getByRole('link', { name: 'Go back' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'Not connected' })).toBeVisible();
  await expect.poll(() => popup.isClosed()).toBe(true);

  opened = page.waitForEvent('popup');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  popup = await opened;
  await popup.close();
  await expect(page.getByText('was closed without a result')).toBeVisible();

  server.agrees = true;
  opened = page.waitForEvent('popup');
  await page.getByRole('button', { name: 'Open it again' }).click();
  popup = await opened;
  await popup.getByRole('link', { name: 'Go back' }).click();
  await expect(page.getByText('The platform has a token now')).toBeVisible();
  await expect.poll(() => popup.isClosed()).toBe(true);
  await expect(page.getByText('The token is valid and is renewed automatically.')).toBeVisible();
  await expect(page.getByText(/in 60 min|in 59 min|in 1 hr/)).toBeVisible();
  const before = server.tokens;
  await page.getByRole('button', { name: 'Refresh now' }).click();
  await expect(page.getByText('The token is renewed', { exact: true })).toBeVisible();
  expect(server.tokens).toBe(before + 1);

  // A browser that lets no window open shows the way.
  await page.evaluate(() => {
    window.open = () => null;
  });
  await page.getByRole('button', { name: 'Connect again' }).click();
  const way = page.getByRole('link', { name: /^Sign in at 127/ });
  await expect(way).toHaveAttribute('href', new RegExp(`^${server.url}/authorize`));
  const other = page.context().waitForEvent('page');
  await way.click();
  const tab = await other;
  await tab.getByRole('link', { name: 'Go back' }).click();
  await expect(tab.getByRole('heading', { name: 'Connected' })).toBeVisible();
  await expect(page.getByText('The platform has a token now')).toBeVisible();
  await page.goto('/integrations');
  await expect(page.getByRole('row').filter({ hasText: 'CRM' })).toContainText('Connected');
  server.close();
});

test('organizations are mapped, and have their own values', async ({ admin: page }) => {
  await page.goto('/integrations/CRM?tab=organizations');
  await page.getByRole('button', { name: 'Contoso' }).click();
  await page.getByLabel('ID in CRM').fill('4711');
  await page.getByLabel('Name in CRM').fill('Contoso Ltd.');
  await page.getByLabel('base_url').fill('https://eu.crm.example');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const row = page.getByRole('row').filter({ hasText: 'Contoso Ltd.' });
  await expect(row).toContainText('4711');
  await expect(row).toContainText('base_url');
  await page.getByLabel('Search organizations').fill('4711');
  await expect(page).toHaveURL(/q=4711/);
  await expect(page.getByRole('row')).toHaveCount(2);
  await page.getByRole('tab', { name: 'Sharing' }).click();
  await page.getByLabel('Contoso').click();
  await expect(page.getByLabel('Contoso')).toBeChecked();
  await page.reload();
  await expect(page.getByLabel('Contoso')).toBeChecked();
  await page.getByLabel('Contoso').click();
  await expect(page.getByLabel('Contoso')).not.toBeChecked();
});

/** Makes an integration beside the browser, with an authorization server. */
async function integrationWith(page: Page, name: string, server: AuthorizationServer, flow: string): Promise<void> {
  const oauth = {
    flow,
    client_id: 'platform',
    token_url: `${server.url}/token`,
    ...(flow === 'authorization_code' ? { authorization_url: `${server.url}/authorize` } : {}),
  };
  await api(page, 'POST', '/api/integrations', { name, oauth, client_secret: 'secret-of-the-client' });
  await page.goto(`/integrations/${name}`);
}

test('the platform asks in its own name, is refused, and is disconnected', async ({ admin: page }) => {
  const server = await authorizationServer();
  await integrationWith(page, 'Billing', server, 'client_credentials');
  await expect(page.getByText('It connects automatically when a workflow first needs it.')).toBeVisible();
  await page.getByRole('button', { name: 'Connect now' }).click();
  await expect(page.getByText('The token is renewed', { exact: true })).toBeVisible();
  await expect(page.getByText(/^The token is valid/)).toBeVisible();
  expect(server.tokens).toBe(1);

  server.refuses = true;
  await page.getByRole('button', { name: 'Refresh now' }).click();
  await expect(page.getByRole('alert').first()).toBeVisible();
  await page.reload();
  await expect(page.getByText('The authorization server refused to renew the token.')).toBeVisible();
  await expect(page.getByText('Check the client ID and secret, then refresh.')).toBeVisible();
  await expect(page.getByText('Why the last attempt failed')).toBeVisible();
  await expect(page.getByText(/invalid_client/).first()).toBeVisible();
  await look(page, 'integration-failed');
  await page.goto('/integrations');
  await expect(page.getByRole('row').filter({ hasText: 'Billing' })).toContainText('Failed');

  server.refuses = false;
  await page.goto('/integrations/Billing');
  await page.getByRole('button', { name: 'Refresh now' }).click();
  await expect(page.getByText('The token is renewed', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Disconnect' }).click();
  const asked = page.getByRole('dialog', { name: 'Disconnect Billing?' });
  await look(page, 'integration-disconnect');
  await asked.getByRole('button', { name: 'Disconnect' }).click();
  await expect(page.getByText('The tokens are deleted', { exact: true })).toBeVisible();
  await expect(page.getByText('It connects automatically when a workflow first needs it.')).toBeVisible();

  await page.getByRole('button', { name: 'Delete the connection' }).click();
  await page.getByRole('dialog', { name: 'Delete the connection?' }).getByRole('button', { name: 'Delete the connection' }).click();
  await expect(page.getByText('The connection is deleted', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete “Billing”?' });
  await expect(dialog.getByRole('button', { name: 'Delete' })).toBeDisabled();
  await dialog.getByLabel('Type “Billing” to go on').fill('Billing');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('“Billing” is deleted', { exact: true })).toBeVisible();
  await expect(page).toHaveURL(/\/integrations$/);
  await expect(page.getByRole('row').filter({ hasText: 'Billing' })).toHaveCount(0);
  server.close();
});

test('a token that nothing can renew expires', async ({ admin: page }) => {
  const server = await authorizationServer();
  Object.assign(server, { good: 1, renews: false });
  await integrationWith(page, 'Tickets', server, 'authorization_code');
  const opened = page.waitForEvent('popup');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await (await opened).getByRole('link', { name: 'Go back' }).click();
  await expect(page.getByText('The platform has a token now')).toBeVisible();
  await expect(async () => {
    await page.reload();
    await expect(page.getByText('The token has expired and cannot be renewed')).toBeVisible({ timeout: 2_000 });
  }).toPass();
  await expect(page.getByText('Expired', { exact: true }).first()).toBeVisible();
  await look(page, 'integration-expired');
  await page.getByRole('button', { name: 'Change…' }).click();
  await page.getByRole('dialog', { name: 'Authorization' }).getByLabel('Own client ID').fill('another-client');
  await expect(page.getByText('Another client has to be connected again')).toBeVisible();
  await look(page, 'integration-client');
  server.close();
});

test('these screens are accessible', async ({ admin: page, browser }) => {
  test.setTimeout(300_000);
  const contoso = await idByName(page, 'organizations', 'Contoso');
  await expectScreens(browser, [
    { name: 'integrations', path: '/integrations' },
    { name: 'integration', path: '/integrations/CRM' },
    { name: 'integration-values', path: '/integrations/CRM?tab=values' },
    { name: 'integration-definition', path: '/integrations/CRM?tab=definition' },
    { name: 'integration-organizations', path: '/integrations/CRM?tab=organizations' },
    { name: 'integration-mapping', path: `/integrations/CRM?tab=organizations&edit=${contoso}` },
    { name: 'integration-sharing', path: '/integrations/CRM?tab=sharing' },
    { name: 'integration-tenant', path: `/integrations/CRM?org=${contoso}` },
  ]);
});

test('the command line sees what was done here', () => {
  expect(bifrost('integrations')).toContain('CRM');
});
