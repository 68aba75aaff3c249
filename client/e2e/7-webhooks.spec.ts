/** Webhooks of several kinds, and endpoints. */
import { execFileSync } from 'node:child_process';
import type { Page } from '@playwright/test';
import { ADMIN, api, bifrost, execute, expect, idByName, openWorkflow, test, workflowIds } from './helpers';
import { expectScreens, look } from './screens';

/** Deletes the webhook of this page, which asks for its name first. */
async function deleteWebhook(page: Page, name: string): Promise<void> {
  await page.getByRole('tab', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: `Delete “${name}”?` });
  await expect(dialog.getByRole('button', { name: 'Delete' })).toBeDisabled();
  await dialog.getByLabel(`Type “${name}” to go on`).fill(name);
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(page).toHaveURL(/\/webhooks$/);
  await expect(page.getByRole('row').filter({ hasText: name })).toHaveCount(0);
}

/** Lets a workflow start for the webhook of this page, with the name from a place in the event. */
async function startHello(page: Page, place: string): Promise<void> {
  await page.getByRole('button', { name: 'Choose a workflow' }).click();
  await page.getByRole('combobox', { name: 'Workflow' }).click();
  await page.getByRole('option', { name: /^hello/ }).click();
  await page.getByLabel('Place in the event for parameter name').fill(place);
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText(`For every delivery · with name from ${place}`)).toBeVisible();
}

test('a webhook is made, tested and replayed', async ({ admin: page }) => {
  await page.goto('/webhooks');
  await page.getByRole('button', { name: 'New webhook' }).first().click();
  await page.getByLabel('Kind').selectOption({ label: 'GitHub' });
  await page.getByLabel('Name').fill('github-main');
  await page.getByRole('button', { name: 'Create' }).click();
  const dialog = page.getByRole('dialog', { name: '“github-main” is created' });
  await look(page, 'webhook-made');
  const [address = '', secret = ''] = await dialog.locator('pre').allInnerTexts();
  expect(address).toMatch(/\/api\/hooks\/[\da-f-]{36}$/);
  await dialog.getByRole('button', { name: 'Choose workflows that start' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'github-main' })).toBeVisible();
  const { pathname } = new globalThis.URL(page.url());
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
  await page.getByRole('link', { name: 'See the outcome' }).click();
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
  await page.goto(`${pathname}?tab=test`);
  const command = await page.locator('pre').filter({ hasText: 'BODY=' }).innerText();
  const answer = execFileSync('bash', ['-c', command], { env: { ...process.env, SECRET: secret }, encoding: 'utf8' });
  expect(JSON.parse(answer)).toMatchObject({ duplicate: false });
  await page.getByRole('tab', { name: 'Deliveries' }).click();
  await expect(page.getByRole('row')).toHaveCount(4);
  await page.getByLabel('State').selectOption({ label: 'Failed' });
  await expect(page).toHaveURL(/state=failed/);
  await expect(page.getByText('No delivery is in this state')).toBeVisible();

  await page.getByRole('tab', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Add next secret' }).click();
  await page.getByRole('button', { name: 'Add secret' }).click();
  await page.getByRole('button', { name: 'I have saved it' }).click();
  await page.getByRole('button', { name: 'Remove secret 1' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByRole('button', { name: 'Add next secret' })).toBeVisible();
  await page.getByLabel('Allowed networks').fill('not a network');
  await page.getByRole('button', { name: 'Save settings' }).click();
  await expect(page.getByText(/is no network in CIDR notation/).first()).toBeVisible();
});

test('an endpoint is called as its page says, and is public only when that is meant', async ({ admin: page }) => {
  await openWorkflow(page, 'hello');
  await page.getByLabel('Name').fill('Endpoint');
  await page.getByRole('tab', { name: 'Endpoints' }).click();
  await page.getByRole('button', { name: 'Create an endpoint' }).click();
  await expect(page.getByLabel('Last part of the path')).toHaveValue('hello');
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
  await trial.getByRole('button', { name: 'Call endpoint' }).click();
  const answer = page.getByRole('region', { name: 'Answer', exact: true });
  await expect(answer.getByRole('status').first()).toContainText('200');
  await expect(answer.getByRole('region', { name: 'Body of the answer' })).toContainText('Hello, Tried');
  await expect(answer.getByRole('link', { name: 'Its run' })).toBeVisible();
  await page.getByRole('button', { name: 'Try hello' }).click();

  await page.getByRole('button', { name: 'Change hello' }).click();
  await page.getByLabel('Who may call it').selectOption({ label: 'Anyone who knows the address' });
  await expect(page.getByText('without a key.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save', exact: true })).toBeDisabled();
  await page.getByLabel('I understand: anyone can call it').check();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Public', { exact: true })).toBeVisible();
  await expect(shown).not.toContainText('BIFROST_KEY');
  expect(await run({})).toContain('Hello, Endpoint');
  await page.goto('/endpoints');
  await page.getByRole('link', { name: /\/hello$/ }).click();
  await page.getByLabel('On', { exact: true }).uncheck();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('row').filter({ hasText: 'hello' })).toContainText('Off');
});

test('a topic is emitted by a workflow, and starts another', async ({ admin: page }) => {
  await page.goto('/webhooks');
  await page.getByRole('button', { name: 'New webhook' }).first().click();
  await page.getByLabel('Kind').selectOption({ label: 'Topic' });
  await page.getByLabel('Name').fill('colleagues');
  await page.getByLabel('Topic', { exact: true }).fill('Not a topic');
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('dialog', { name: 'New webhook' }).getByLabel('Topic', { exact: true })).toHaveAttribute('aria-invalid', 'true');
  await page.getByLabel('Topic', { exact: true }).fill('colleagues.come');
  await page.getByRole('button', { name: 'Create' }).click();
  const dialog = page.getByRole('dialog', { name: '“colleagues” is created' });
  await expect(dialog.locator('pre')).toContainText('await events.emit("colleagues.come"');
  await dialog.getByRole('button', { name: 'Choose workflows that start' }).click();
  await startHello(page, '/data/name');
  await page.getByRole('tab', { name: 'Deliveries' }).click();
  await expect(page.getByText('Nothing was emitted yet')).toBeVisible();
  await look(page, 'webhook-topic');
  await page.getByRole('tab', { name: 'Test' }).click();
  await expect(page.getByText('A topic takes nothing from outside.')).toBeVisible();
  await page.getByRole('tab', { name: 'Deliveries' }).click();
  await execute(page, 'Emits', { topic: 'colleagues.come', name: 'Hedy' }, { sync: true });
  const row = page.getByRole('table', { name: 'Deliveries' }).getByRole('row').filter({ hasText: 'Started' });
  await expect(row).toHaveCount(1);
  await row.getByRole('link').first().click();
  await page.getByRole('dialog').getByRole('link', { name: 'Its run' }).click();
  await expect(page.getByText('Hello, Hedy').first()).toBeVisible();
  await page.goto('/webhooks?q=colleagues');
  await page.getByRole('link', { name: 'colleagues', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'colleagues' })).toBeVisible();
  await deleteWebhook(page, 'colleagues');
});

test('an adapter of the workspace decides what is delivered', async ({ admin: page }) => {
  await page.goto('/webhooks');
  await page.getByRole('button', { name: 'New webhook' }).first().click();
  await page.getByLabel('Kind').selectOption({ label: 'Adapter' });
  await expect(page.getByText('Notes with a word that both sides know.')).toBeVisible();
  await page.getByLabel('Adapter', { exact: true }).selectOption({ label: 'Notes (from the provider)' });
  await page.getByLabel('Name').fill('notes');
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('dialog', { name: '“notes” is created' })).toHaveCount(0);
  await page.getByLabel('word', { exact: true }).fill('swordfish');
  await look(page, 'webhook-new-adapter');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.getByRole('dialog', { name: '“notes” is created' }).getByRole('button', { name: 'Choose workflows that start' }).click();
  await startHello(page, '/data/text');

  await page.getByRole('tab', { name: 'Test' }).click();
  const body = page.getByRole('textbox', { name: 'Body' });
  const send = async (word: string) => {
    await body.fill(JSON.stringify({ word, text: 'Radia' }));
    await page.getByRole('button', { name: 'Send the test' }).click();
  };
  await send('guessed');
  await expect(page.getByRole('alert')).toBeVisible();
  await send('swordfish');
  await expect(page.getByText('The adapter found 1 new event in it.')).toBeVisible();
  await page.getByRole('tab', { name: 'Deliveries' }).click();
  const row = page.getByRole('table', { name: 'Deliveries' }).getByRole('row').filter({ hasText: 'note' });
  await expect(row).toContainText('Started');
  await look(page, 'webhook-adapter');
  await row.getByRole('link').first().click();
  await page.getByRole('dialog').getByRole('link', { name: 'Its run' }).click();
  await expect(page.getByText('Hello, Radia').first()).toBeVisible();

  await page.goto('/webhooks?q=notes');
  await page.getByRole('link', { name: 'notes', exact: true }).click();
  await page.getByRole('tab', { name: 'Settings' }).click();
  await page.getByLabel('word', { exact: true }).fill('another word');
  await page.getByRole('button', { name: 'Save values' }).click();
  await expect(page.getByText('The values are saved', { exact: true })).toBeVisible();
  await look(page, 'webhook-adapter-settings');
  await page.getByRole('tab', { name: 'Test' }).click();
  await send('swordfish');
  await expect(page.getByRole('alert')).toBeVisible();
  await deleteWebhook(page, 'notes');
});

test('these screens are accessible', async ({ admin: page, browser }) => {
  test.setTimeout(300_000);
  const id = await idByName(page, 'webhooks', 'github-main');
  const { deliveries } = await api<{ deliveries: { id: string }[] }>(page, 'GET', `/api/webhooks/${id}/deliveries`);
  const { subscriptions } = await api<{ subscriptions: { id: string }[] }>(page, 'GET', `/api/webhooks/${id}/subscriptions`);
  const { endpoints } = await api<{ endpoints: { id: string }[] }>(page, 'GET', '/api/endpoints');
  const { hello = '' } = await workflowIds(page);
  await expectScreens(browser, [
    { name: 'webhooks', path: '/webhooks' },
    { name: 'webhook', path: `/webhooks/${id}` },
    { name: 'webhook-delivery', path: `/webhooks/${id}?delivery=${deliveries[0]?.id ?? ''}` },
    { name: 'webhook-workflows', path: `/webhooks/${id}?tab=subscriptions` },
    { name: 'webhook-subscription', path: `/webhooks/${id}?tab=subscriptions&edit=${subscriptions[0]?.id ?? ''}` },
    { name: 'webhook-test', path: `/webhooks/${id}?tab=test` },
    { name: 'webhook-settings', path: `/webhooks/${id}?tab=settings` },
    { name: 'endpoints', path: '/endpoints' },
    { name: 'endpoint', path: `/endpoints?edit=${endpoints[0]?.id ?? ''}` },
    { name: 'workflow-endpoints', path: `/workflows/${hello}?tab=endpoints` },
  ]);
});
