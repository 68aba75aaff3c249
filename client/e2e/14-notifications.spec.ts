/** Who is told of what: the bell, rules, and a channel to another system. */
import { createServer } from 'node:http';
import { execute, expect } from './helpers';
import { listening } from './loopback';
import { test } from './own-server';

/** Notifications are made and sent behind the run. */
const SOON = { timeout: 30_000 };

interface Told {
  signature: string;
  body: { type: string; text: string; notifications: { event: string; name: string }[] };
}

/** Another system that is told, and says what it was. */
async function receiver(): Promise<{ url: string; told: Told[]; close: () => void }> {
  const told: Told[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      told.push({ signature: String(request.headers['x-bifrost-signature']), body: JSON.parse(body) as Told['body'] });
      response.end('heard');
    });
  });
  return { url: `${await listening(server)}/hook`, told, close: () => void server.close() };
}

test('a rule is made, the bell tells of a run that fails, and the rule is changed and deleted', async ({ admin: page }) => {
  await page.goto('/notifications?tab=rules');
  await expect(page.getByRole('link', { name: 'Scheduled runs that fail' })).toBeVisible();
  await page.getByRole('button', { name: 'New rule' }).click();
  const dialog = page.getByRole('dialog', { name: 'New rule' });
  await dialog.getByLabel('Name').fill('Whatever fails');
  await dialog.getByRole('combobox', { name: /^Only these workflows/ }).click();
  await page.getByRole('option', { name: 'Fails', exact: true }).click();
  await expect(dialog.getByRole('button', { name: 'Remove Fails' })).toBeVisible();
  await dialog.getByRole('button', { name: 'Save' }).click();
  const rule = page.getByRole('main').getByRole('listitem').filter({ hasText: 'Whatever fails' });
  await expect(rule).toContainText('A run of 1 workflow fails');
  await expect(rule).toContainText('In Bifrost');

  const run = await execute(page, 'Fails', { customer: 'Initech' }, { sync: true });
  await page.getByRole('button', { name: /^Notifications: / }).click(SOON);
  const panel = page.getByRole('dialog', { name: 'Notifications' });
  await panel.getByRole('link', { name: /^Fails/ }).click();
  await expect(page).toHaveURL(new RegExp(`/runs/${run}`));
  await expect(page.getByRole('button', { name: 'Notifications', exact: true })).toBeVisible();
  await page.goto('/notifications');
  await expect(page.getByRole('main').getByRole('listitem').filter({ hasText: 'Fails' })).toHaveCount(1);
  await page.getByLabel('Only unread').check();
  await expect(page.getByText('Nothing unread')).toBeVisible();
  await page.getByRole('button', { name: 'Show all' }).click();
  await execute(page, 'Fails', { customer: 'Hooli' }, { sync: true });
  await page.getByRole('button', { name: 'Mark all as read' }).click(SOON);
  await expect(page.getByRole('button', { name: 'Notifications', exact: true })).toBeVisible();

  await page.getByRole('tab', { name: 'Rules' }).click();
  await rule.getByRole('link', { name: 'Whatever fails' }).click();
  const edit = page.getByRole('dialog', { name: 'Whatever fails' });
  await expect(edit.getByLabel('When')).toBeDisabled();
  await edit.getByRole('button', { name: 'Remove Fails' }).click();
  await edit.getByLabel('Only scheduled runs').check();
  await edit.getByLabel('On', { exact: true }).uncheck();
  await edit.getByRole('button', { name: 'Save' }).click();
  await expect(rule).toContainText('A run started by a schedule fails');
  await expect(rule).toContainText('Off');
  await rule.getByRole('link', { name: 'Whatever fails' }).click();
  await edit.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog', { name: 'Delete “Whatever fails”?' }).getByRole('button', { name: 'Delete' }).click();
  await expect(rule).toHaveCount(0);
});

test('another system is told, after a test, and no more once its channel is deleted', async ({ admin: page }) => {
  const other = await receiver();
  await page.goto('/notifications?tab=channels');
  await page.getByRole('button', { name: 'New channel' }).click();
  const dialog = page.getByRole('dialog', { name: 'New channel' });
  await dialog.getByLabel('Name').fill('Pager');
  await dialog.getByLabel('Kind').selectOption({ label: 'E-mail' });
  await expect(dialog.getByText('This platform has no mail server yet.')).toBeVisible();
  await dialog.getByLabel('Kind').selectOption({ label: 'Webhook' });
  await dialog.getByLabel('URL').fill(other.url);
  await dialog.getByRole('button', { name: 'Save' }).click();
  const made = page.getByRole('dialog', { name: '“Pager” is saved' });
  const secret = (await made.locator('pre').innerText()).trim();
  await made.getByRole('button', { name: 'I have saved it' }).click();
  expect(await page.content()).not.toContain(secret);
  const channel = page.getByRole('main').getByRole('listitem').filter({ hasText: 'Pager' });
  await expect(channel).toContainText('nothing sent yet');
  await channel.getByRole('button', { name: 'Test' }).click();
  await expect(page.getByText('The test has arrived', { exact: true })).toBeVisible();
  expect(other.told).toHaveLength(1);
  expect(other.told[0]?.body.type).toBe('test');
  expect(other.told[0]?.signature).toMatch(/^t=\d+,v1=[\da-f]{64}$/);

  await page.getByRole('tab', { name: 'Rules' }).click();
  await page.getByRole('button', { name: 'New rule' }).click();
  const rule = page.getByRole('dialog', { name: 'New rule' });
  await rule.getByLabel('Name').fill('To the pager');
  await rule.getByLabel('People, in Bifrost').uncheck();
  await rule.getByLabel('Pager').check();
  await rule.getByRole('button', { name: 'Save' }).click();
  const row = page.getByRole('main').getByRole('listitem').filter({ hasText: 'To the pager' });
  await expect(row).toContainText('Pager');
  await execute(page, 'Fails', { customer: 'Globex' }, { sync: true });
  await expect.poll(() => other.told[1]?.body.notifications[0], SOON).toMatchObject({ event: 'run_failed', name: 'Fails' });

  await page.getByRole('tab', { name: 'Channels' }).click();
  await channel.getByRole('link', { name: 'Pager' }).click();
  await page.getByRole('dialog', { name: 'Pager' }).getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog', { name: 'Delete “Pager”?' }).getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('No channels yet')).toBeVisible();
  // A rule that tells nobody is off.
  await page.getByRole('tab', { name: 'Rules' }).click();
  await expect(row).toContainText('Off');
  other.close();
});
