/** What has no address of its own: menus, drawers, questions, what is shown once, and what others see. */
import type { Page } from '@playwright/test';
import { api, enterPassword, expect, expectRefused, joined, open, test, TRY } from './helpers';
import { expectScreens, look, type Screen } from './screens';
import { totp } from './totp';

const press = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).first().click();

/** Presses a button, and waits for the dialog or menu that it opens. */
const opens = (button: string | RegExp, role: 'dialog' | 'menu', name: string | RegExp) => async (page: Page) => {
  await press(page, button);
  await expect(page.getByRole(role, { name })).toBeVisible();
};

/** Fills in a dialog, and waits for the one that follows. */
const dialogs = (button: string, fields: Record<string, string>, action: string, then: string | RegExp) => async (page: Page) => {
  await press(page, button);
  const dialog = page.getByRole('dialog');
  for (const [label, value] of Object.entries(fields)) await dialog.getByLabel(label).fill(value);
  await dialog.getByRole('button', { name: action }).click();
  await expect(page.getByRole('dialog', { name: then })).toBeVisible();
};

const SETTING = 'ui_setting';

const states: Screen[] = [
  {
    name: 'palette',
    path: '/',
    open: async (page) => {
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox', { name: 'Search and commands' }).fill('li');
    },
  },
  { name: 'bell', path: '/', open: opens(/^Notifications/, 'dialog', 'Notifications') },
  { name: 'theme-menu', path: '/', open: opens(/^Theme: /, 'menu', /Theme/) },
  { name: 'account-menu', path: '/', open: opens(/^Account of/, 'menu', /Account/) },
  { name: 'navigation', path: '/', only: 'phone', open: opens('Open the navigation', 'dialog', 'Navigation') },
  { name: 'confirm', path: '/config', open: opens(`Delete ${SETTING}`, 'dialog', `Delete “${SETTING}”?`) },
  { name: 'key-new', path: '/keys', open: opens('New key', 'dialog', 'New key') },
  { name: 'key-made', path: '/keys', open: dialogs('New key', { Name: 'For pictures' }, 'Create key', '“For pictures” was created') },
  { name: 'invite', path: '/people', open: opens('Invite', 'dialog', 'Invite somebody') },
  { name: 'invited', path: '/people', open: dialogs('Invite', { 'E-mail': `picture-${TRY}@provider.example` }, 'Create link', /is invited/) },
  { name: 'service-new', path: '/people?tab=services', open: opens('New service account', 'dialog', 'New service account') },
  { name: 'organization-new', path: '/organizations', open: opens('New organization', 'dialog', 'New organization') },
  { name: 'file-address', path: '/files', open: dialogs('Upload address', { 'Path of the file': '2026/a.txt' }, 'Create address', /^Upload address for/) },
  {
    name: 'audit-entry',
    path: '/audit?action=config.set',
    open: (page) => page.getByRole('button', { name: 'Setting changed' }).first().click(),
  },
  {
    name: 'editor-open-a-file',
    path: '/code/edit?path=workflows/hello.py',
    open: async (page) => {
      await page.keyboard.press('Control+p');
      await page.getByRole('combobox', { name: 'Open a file' }).fill('tick');
    },
  },
  { name: 'editor-search-phone', path: '/code/edit?view=search&q=logger', only: 'phone' },
  {
    name: 'form-wrong',
    path: '/forms/new',
    open: async (page) => {
      await press(page, 'Save');
      await expect(page.getByRole('region', { name: 'To fix' })).toBeVisible();
    },
  },
  {
    name: 'sign-in-refused',
    path: '/sign-in',
    signedOut: true,
    open: async (page) => {
      await enterPassword(page, 'nobody@provider.example', 'not a password');
      await expect(page.getByRole('alert')).toBeVisible();
    },
  },
];

test('menus, questions and what is shown once are accessible', async ({ admin: page, browser }) => {
  test.setTimeout(300_000);
  await api(page, 'PUT', `/api/config/${SETTING}`, { value: 'mail.example.com' });
  await expectScreens(browser, states);
});

test('a link counts that is opened where the page for signing in is already', async ({ browser }) => {
  const stranger = await open(browser);
  await stranger.goto('/sign-in');
  await expect(stranger.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await stranger.goto('/sign-in#link=token');
  await expect(stranger.getByRole('heading', { name: 'Set a new password' })).toBeVisible();
  await stranger.context().close();
});

test('the second factor of signing in is accessible', async ({ admin: page, browser }) => {
  const email = `eva-${TRY}@provider.example`;
  const eva = await joined(browser, page, { email });
  const { secret } = await api<{ secret: string }>(eva, 'POST', '/api/me/second-factor');
  await api(eva, 'POST', '/api/me/second-factor/confirm', { code: totp(secret) });
  await eva.context().close();
  const stranger = await open(browser);
  await stranger.goto('/sign-in');
  await enterPassword(stranger, email);
  await expect(stranger.getByRole('heading', { name: 'Second factor' })).toBeVisible();
  await look(stranger, 'sign-in-second-factor');
  await stranger.context().close();
});

test('who may not is told so, and is shown no way there', async ({ admin: page, browser }) => {
  const guest = await joined(browser, page, { email: `dora-${TRY}@provider.example`, role: 'org_guest' });
  await guest.goto('/');
  await expect(guest.getByRole('heading', { level: 1, name: /^Hello/ })).toBeVisible();
  await expect(guest.getByRole('navigation', { name: 'Main' }).getByRole('link')).toHaveText(['Home', 'Workflows', 'Forms', 'Runs', 'Notifications']);
  await look(guest, 'home-guest');
  await expectRefused(guest, ['/integrations', '/webhooks', '/endpoints', '/tables', '/files']);
  await look(guest, 'not-allowed');
  await guest.goto('/workflows');
  await expect(guest.getByText('No workflows for you yet')).toBeVisible();
  await look(guest, 'workflows-guest');
  await guest.context().close();
});
