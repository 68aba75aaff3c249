/** Integrations, webhooks, endpoints, tables and files. */
import { execFileSync } from 'node:child_process';
import { authorizationServer } from './authorization-server';
import { ADMIN, api, bifrost, expect, open, openWorkflow, signIn, test } from './helpers';
import { expectScreens, THEMES } from './screens';

/** What is made here, for the pictures at the end. */
const made: Record<string, string> = {};

test('an integration is defined, and what is secret of it is never shown', async ({ admin: page }) => {
  await page.goto('/integrations');
  await expect(page.getByText('No other system is known yet')).toBeVisible();
  await page.getByRole('button', { name: 'New integration' }).first().click();
  await page.getByLabel('Name').fill('CRM');
  await page.getByRole('button', { name: 'Make it' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'CRM' })).toBeVisible();
  await expect(page.getByText('Still missing')).toBeVisible();
  await page.getByLabel('base_url').fill('https://api.crm.example');
  await page.getByLabel('api_key', { exact: true }).fill('k3y-of-the-crm');
  await page.getByRole('button', { name: 'Save the values' }).click();
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
  await page.getByRole('button', { name: 'Save the definition' }).click();
  await expect(page.getByText('Enter a whole number')).toBeVisible();
  await retries.getByLabel('Default').fill('3');
  await page.getByRole('button', { name: 'Move retries up' }).click();
  await page.getByRole('button', { name: 'Save the definition' }).click();
  await expect(page.getByText('The definition is saved', { exact: true })).toBeVisible();
  // What is set is not lost without a question.
  await page.getByRole('button', { name: 'Remove base_url' }).click();
  await page.getByRole('button', { name: 'Save the definition' }).click();
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
  await page.getByRole('button', { name: 'Save the server' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await page.getByLabel('Token address').fill(`${server.url}/token`);
  await page.getByLabel('Scopes').fill('read offline_access');
  await page.getByRole('button', { name: 'Save the server' }).click();
  await expect(page.getByText('The authorization server is saved', { exact: true })).toBeVisible();
  await page.getByRole('tab', { name: 'Connection' }).click();
  await expect(page.getByText('Nobody has agreed')).toBeVisible();

  server.agrees = false;
  let opened = page.waitForEvent('popup');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  let popup = await opened;
  await popup.waitForURL(`${server.url}/**`);
  // Whoever is visited there cannot lead this page elsewhere.
  expect(await popup.evaluate(() => window.opener === null)).toBe(true);
  await popup.getByRole('link', { name: 'Go back' }).click();
  await expect(page.getByRole('alert').filter({ hasText: 'It was not connected' })).toBeVisible();
  await expect.poll(() => popup.isClosed()).toBe(true);

  opened = page.waitForEvent('popup');
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  popup = await opened;
  await popup.close();
  await expect(page.getByText('nothing was heard of it')).toBeVisible();

  server.agrees = true;
  opened = page.waitForEvent('popup');
  await page.getByRole('button', { name: 'Open it again' }).click();
  popup = await opened;
  await popup.getByRole('link', { name: 'Go back' }).click();
  await expect(page.getByText('The platform has a token now')).toBeVisible();
  await expect.poll(() => popup.isClosed()).toBe(true);
  await expect(page.getByText('The token is good, and is renewed by itself.')).toBeVisible();
  await expect(page.getByText(/in 60 min|in 59 min|in 1 hr/)).toBeVisible();
  const before = server.tokens;
  await page.getByRole('button', { name: 'Refresh now' }).click();
  await expect(page.getByText('There is a new token', { exact: true })).toBeVisible();
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
  await page.getByLabel('Its id there').fill('4711');
  await page.getByLabel('Its name there').fill('Contoso Ltd.');
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

test('a webhook is made, tested and replayed', async ({ admin: page }) => {
  await page.goto('/webhooks');
  await page.getByRole('button', { name: 'New webhook' }).first().click();
  await page.getByLabel('Kind').selectOption({ label: 'GitHub' });
  await page.getByLabel('Name').fill('github-main');
  await page.getByRole('button', { name: 'Make it' }).click();
  const dialog = page.getByRole('dialog', { name: '“github-main” is made' });
  const [address = '', secret = ''] = await dialog.locator('pre').allInnerTexts();
  expect(address).toMatch(/\/api\/hooks\/[\da-f-]{36}$/);
  await dialog.getByRole('button', { name: 'Choose workflows that start' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'github-main' })).toBeVisible();
  made.webhook = new globalThis.URL(page.url()).pathname;
  expect(await page.content()).not.toContain(secret);

  await page.getByRole('button', { name: 'Choose a workflow' }).click();
  await page.getByRole('combobox', { name: 'Workflow' }).click();
  await page.getByRole('option', { name: /^hello/ }).click();
  await page.getByRole('button', { name: 'Add a condition' }).click();
  await page.getByLabel('Where to look, condition 1').fill('data/action');
  await page.getByLabel('Value, condition 1').fill('opened');
  await page.getByLabel('Place in the event for parameter name').fill('/data/issue/title');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('A pointer begins with /')).toBeVisible();
  await page.getByLabel('Where to look, condition 1').fill('/data/action');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Where /data/action is opened · with name from /data/issue/title')).toBeVisible();

  await page.getByRole('tab', { name: 'Test' }).click();
  await page.getByLabel('Fill it in for').selectOption({ label: 'hello' });
  const name = page.getByRole('group', { name: 'Parameters of hello' }).getByLabel('Name');
  await expect(name).toHaveValue('A test');
  await name.fill('Somebody');
  await expect(page.getByRole('textbox', { name: 'Body' })).toContainText('"title": "Somebody"');
  await name.fill('A test');
  await page.getByLabel('Secret', { exact: true }).fill('not the secret');
  await page.getByRole('button', { name: 'Send the test' }).click();
  await expect(page.getByRole('alert')).toContainText(/signature/i);
  await page.getByLabel('Secret', { exact: true }).fill(secret);
  await page.getByRole('button', { name: 'Send the test' }).click();
  await page.getByRole('link', { name: 'What became of it' }).click();
  const delivery = page.getByRole('dialog', { name: 'issues' });
  await expect(delivery).toContainText('Started');
  await expect(delivery).toContainText('x-github-event');
  await expect(delivery).toContainText('A test');
  expect(await page.content()).not.toContain(secret);
  await delivery.getByRole('button', { name: 'Replay' }).click();
  await page.getByRole('dialog', { name: 'Replay this delivery?' }).getByRole('button', { name: 'Replay' }).click();
  await expect(delivery).toContainText('another delivery');
  await expect(delivery).toContainText('Started');
  await delivery.getByRole('link', { name: 'Its run' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();
  await expect(page.getByText('Hello, A test').first()).toBeVisible();

  // The command of a terminal is a delivery like the sender's.
  await page.goto(`${made.webhook}?tab=test`);
  const command = await page.locator('pre').filter({ hasText: 'BODY=' }).innerText();
  const answer = execFileSync('bash', ['-c', command], { env: { ...process.env, SECRET: secret }, encoding: 'utf8' });
  expect(JSON.parse(answer)).toMatchObject({ duplicate: false });
  await page.getByRole('tab', { name: 'Deliveries' }).click();
  await expect(page.getByRole('row')).toHaveCount(4);
  await page.getByLabel('State').selectOption({ label: 'Failed' });
  await expect(page).toHaveURL(/state=failed/);
  await expect(page.getByText('No delivery is in this state')).toBeVisible();

  await page.getByRole('tab', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Add the next one' }).click();
  await page.getByRole('button', { name: 'Add it' }).click();
  await page.getByRole('button', { name: 'I have kept it' }).click();
  await page.getByRole('button', { name: 'Remove secret 1' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByRole('button', { name: 'Add the next one' })).toBeVisible();
  await page.getByLabel('Only from these networks').fill('not a network');
  await page.getByRole('button', { name: 'Save the settings' }).click();
  await expect(page.getByText(/is no network in CIDR notation/).first()).toBeVisible();
});

test('an endpoint is called as its page says, and is public only when that is meant', async ({ admin: page }) => {
  await openWorkflow(page, 'hello');
  await page.getByLabel('Name').fill('Endpoint');
  await page.getByRole('tab', { name: 'Endpoints' }).click();
  await page.getByRole('button', { name: 'Make an endpoint' }).click();
  await expect(page.getByLabel('Last part of its path')).toHaveValue('hello');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  const shown = page.locator('pre').filter({ hasText: '/api/endpoints/' });
  const run = async (env: Record<string, string>) => {
    const command = await shown.innerText();
    return execFileSync('bash', ['-c', command], { env: { ...process.env, ...env }, encoding: 'utf8' });
  };
  const key = bifrost('keys', 'create', '--email', ADMIN.email, '--role', 'org_user').match(/bfr_[\w-]+/)?.[0] ?? '';
  expect(await run({ BIFROST_KEY: key })).toContain('Hello, Endpoint');
  expect(await run({ BIFROST_KEY: 'wrong' })).toContain('unauthenticated');

  await page.getByRole('button', { name: 'Try hello' }).click();
  const trial = page.getByRole('form', { name: 'Try hello' });
  await trial.getByLabel('Key').fill(key);
  await trial.getByLabel('Name').fill('Tried');
  await expect(shown).toContainText('Tried');
  await trial.getByRole('button', { name: 'Call it' }).click();
  const answer = page.getByRole('region', { name: 'Answer', exact: true });
  await expect(answer.getByRole('status').first()).toContainText('200');
  await expect(answer.getByRole('region', { name: 'Body of the answer' })).toContainText('Hello, Tried');
  await expect(answer.getByRole('link', { name: 'Its run' })).toBeVisible();
  await page.getByRole('button', { name: 'Try hello' }).click();

  await page.getByRole('button', { name: 'Change hello' }).click();
  await page.getByLabel('Who may call it').selectOption({ label: 'Everybody who knows the address' });
  await expect(page.getByText('without a key.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save', exact: true })).toBeDisabled();
  await page.getByLabel('I mean it: public').check();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Public', { exact: true })).toBeVisible();
  await expect(shown).not.toContainText('BIFROST_KEY');
  expect(await run({})).toContain('Hello, Endpoint');
  await page.goto('/endpoints');
  await page.getByRole('link', { name: 'hello', exact: true }).first().click();
  await page.getByLabel('On', { exact: true }).uncheck();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('row').filter({ hasText: 'hello' })).toContainText('Off');
});

test('documents are inserted, found, changed and deleted', async ({ admin: page }) => {
  await page.goto('/tables');
  await page.getByRole('button', { name: 'New table' }).first().click();
  await page.getByLabel('Name').fill('orders');
  await page.getByRole('button', { name: 'Say what documents look like' }).click();
  await page.getByRole('button', { name: 'Make it' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'orders' })).toBeVisible();
  made.table = new globalThis.URL(page.url()).pathname;
  const content = page.getByRole('textbox', { name: 'Content' });
  const insert = async (id: string, data: object) => {
    await page.getByRole('button', { name: 'New document' }).click();
    await page.getByLabel('Id').fill(id);
    await content.fill(JSON.stringify(data));
    await page.getByRole('button', { name: 'Insert it' }).click();
  };
  await insert('1', { status: 'lost' });
  await expect(page.getByText('status: This value is none of those')).toBeVisible();
  await page.keyboard.press('Escape');
  await insert('1', { status: 'open', seats: 3, address: { city: 'Bern' } });
  await expect(page.getByRole('link', { name: '1', exact: true })).toBeVisible();
  for (let number = 2; number <= 60; number += 1) {
    await api(page, 'POST', '/api/tables/orders/documents', { id: String(number), data: { status: number % 2 === 0 ? 'done' : 'open', seats: number } });
  }
  await page.reload();
  await expect(page.getByText('1 to 50 of 60')).toBeVisible();
  await page.getByRole('button', { name: 'Next' }).click();
  await expect(page).toHaveURL(/offset=50/);
  await expect(page.getByText('51 to 60 of 60')).toBeVisible();
  await page.getByRole('button', { name: 'seats' }).click();
  await expect(page).toHaveURL(/sort=-seats/);
  await expect(page.getByRole('row').nth(1)).toContainText('60');

  await page.getByRole('button', { name: 'Filter' }).click();
  await page.getByLabel('Field, condition 1').fill('status');
  await page.getByLabel('Value, condition 1').fill('open');
  await page.getByRole('button', { name: 'And' }).click();
  await page.getByLabel('Field, condition 2').fill('seats');
  await page.getByLabel('Operator, condition 2').selectOption({ label: 'is at least' });
  await page.getByLabel('Value, condition 2').fill('50');
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(page.getByText('1 to 5 of 5')).toBeVisible();
  made.filtered = new globalThis.URL(page.url()).pathname + new globalThis.URL(page.url()).search;
  await page.reload();
  await expect(page.getByLabel('Operator, condition 2')).toHaveValue('gte');
  await page.getByRole('button', { name: 'Clear' }).click();

  await page.goto(`${made.table}?edit=id:1`);
  await expect(content).toContainText('Bern');
  await content.fill('{"status": "open", "seats": 4}');
  // Somebody else is faster.
  await api(page, 'PATCH', '/api/tables/orders/documents/1', { data: { seats: 9 } });
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('in between');
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: '1', exact: true }).click();
  await expect(content).toContainText('9');
  await content.fill('{"status": "open", "seats": 4}');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('The document is saved', { exact: true })).toBeVisible();
  expect(await api(page, 'GET', '/api/tables/orders/documents/1')).toMatchObject({ data: { status: 'open', seats: 4 } });
  await page.getByRole('link', { name: '1', exact: true }).click();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog', { name: 'Delete “1”?' }).getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('1 to 50 of 59')).toBeVisible();
});

test('files are sent, read, replaced and deleted', async ({ admin: page }) => {
  await page.goto('/files');
  const picker = page.getByLabel('Files to upload');
  const csv = (content: string) => ({ name: 'june.csv', mimeType: 'text/csv', buffer: Buffer.from(content) });
  await picker.setInputFiles([csv('a,b\n1,2\n'), { name: 'large.bin', mimeType: '', buffer: Buffer.alloc(33 * 1_024 * 1_024) }]);
  await expect(page.getByText('a file has at most 32 MiB')).toBeVisible();
  const row = page.getByRole('row').filter({ hasText: 'june.csv' });
  await expect(row).toContainText('text/csv');
  const saved = page.waitForEvent('download');
  await row.getByRole('button', { name: 'Actions of june.csv' }).click();
  await page.getByRole('menuitem', { name: 'Download' }).click();
  expect((await saved).suggestedFilename()).toBe('june.csv');
  await picker.setInputFiles([csv('new')]);
  await expect(page.getByRole('dialog', { name: 'Replace 1 file?' })).toContainText('june.csv');
  await page.getByRole('button', { name: 'Replace', exact: true }).click();
  await expect(row).toContainText('3 B');

  await row.getByRole('button', { name: 'Actions of june.csv' }).click();
  await page.getByRole('menuitem', { name: 'Address to read it' }).click();
  await page.getByRole('button', { name: 'Sign the address' }).click();
  const address = await page.getByRole('dialog').locator('pre').first().innerText();
  expect(await (await fetch(address)).text()).toBe('new');
  await page.getByRole('dialog').getByRole('button', { name: 'Close' }).last().click();

  await page.getByRole('button', { name: 'Address for a sender' }).click();
  await page.getByLabel('Path of the file').fill('2026/from outside.txt');
  await page.getByLabel('Only of this type').fill('text/plain');
  await page.getByRole('button', { name: 'Sign the address' }).click();
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
  await page.getByRole('button', { name: 'Open it' }).click();
  await expect(page.getByText('A small letter')).toBeVisible();
  await page.getByLabel('Name').fill('reports');
  await page.getByRole('button', { name: 'Open it' }).click();
  await expect(page.getByText('Nothing is in reports yet')).toBeVisible();
});

test('who may not is told so, and is shown no way there', async ({ admin: page, browser }) => {
  const { token } = await api<{ token: string }>(page, 'POST', '/api/invitations', { email: 'dora@provider.example', role: 'org_guest' });
  const guest = await open(browser);
  await guest.goto(`/sign-in#invitation=${token}`);
  await guest.getByLabel('Name').fill('Dora');
  await guest.getByLabel('Password').fill('a guest of the provider');
  await guest.getByRole('button', { name: 'Accept the invitation' }).click();
  await expect(guest.getByRole('heading', { name: 'Hello, Dora' })).toBeVisible();
  await expect(guest.getByRole('navigation', { name: 'Main' }).getByRole('link')).toHaveText(['Home', 'Workflows', 'Forms', 'Runs', 'Notifications']);
  for (const path of ['/integrations', '/webhooks', '/endpoints', '/tables', '/files']) {
    await guest.goto(path);
    await expect(guest.getByRole('alert').first(), path).toContainText('needs the permission');
  }
  await guest.context().close();
});

for (const theme of THEMES) {
  test(`these screens are accessible: ${theme}`, async ({ browser }) => {
    test.setTimeout(600_000);
    const page = await open(browser);
    await signIn(page, ADMIN.email, ADMIN.password);
    const { deliveries } = await api<{ deliveries: { id: string }[] }>(page, 'GET', `/api/webhooks/${made.webhook?.split('/').pop() ?? ''}/deliveries`);
    const { subscriptions } = await api<{ subscriptions: { id: string }[] }>(page, 'GET', `/api/webhooks/${made.webhook?.split('/').pop() ?? ''}/subscriptions`);
    const { workflows } = await api<{ workflows: { id: string; name: string }[] }>(page, 'GET', '/api/workflows');
    const { organizations } = await api<{ organizations: { id: string; name: string }[] }>(page, 'GET', '/api/organizations');
    await page.context().close();
    const hello = workflows.find(({ name }) => name === 'hello')?.id ?? '';
    const contoso = organizations.find(({ name }) => name === 'Contoso')?.id ?? '';
    await expectScreens(browser, theme, [
      { name: 'integrations', path: '/integrations' },
      { name: 'integration', path: '/integrations/CRM' },
      { name: 'integration-values', path: '/integrations/CRM?tab=values' },
      { name: 'integration-definition', path: '/integrations/CRM?tab=definition' },
      { name: 'integration-organizations', path: '/integrations/CRM?tab=organizations' },
      { name: 'integration-mapping', path: `/integrations/CRM?tab=organizations&edit=${contoso}` },
      { name: 'integration-sharing', path: '/integrations/CRM?tab=sharing' },
      { name: 'integration-tenant', path: `/integrations/CRM?org=${contoso}` },
      { name: 'webhooks', path: '/webhooks' },
      { name: 'webhook', path: made.webhook ?? '' },
      { name: 'webhook-delivery', path: `${made.webhook ?? ''}?delivery=${deliveries[0]?.id ?? ''}` },
      { name: 'webhook-workflows', path: `${made.webhook ?? ''}?tab=subscriptions` },
      { name: 'webhook-subscription', path: `${made.webhook ?? ''}?tab=subscriptions&edit=${subscriptions[0]?.id ?? ''}` },
      { name: 'webhook-test', path: `${made.webhook ?? ''}?tab=test` },
      { name: 'webhook-settings', path: `${made.webhook ?? ''}?tab=settings` },
      { name: 'endpoints', path: '/endpoints' },
      { name: 'workflow-endpoints', path: `/workflows/${hello}?tab=endpoints` },
      { name: 'tables', path: '/tables' },
      { name: 'table', path: made.table ?? '' },
      { name: 'table-filter', path: made.filtered ?? '' },
      { name: 'table-document', path: `${made.table ?? ''}?edit=id:2` },
      { name: 'table-settings', path: `${made.table ?? ''}?tab=settings` },
      { name: 'files', path: '/files' },
      { name: 'files-folder', path: '/files?folder=2026' },
    ]);
  });
}

test('the command line sees what was done here', () => {
  expect(bifrost('integrations')).toContain('CRM');
  expect(bifrost('tables')).toContain('orders');
  expect(bifrost('files', 'ls')).toContain('2026/from outside.txt');
});
