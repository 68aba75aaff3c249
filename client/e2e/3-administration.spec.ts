/** Settings, people, code, organizations, and somebody who may do little. */
import {
  accept, ADMIN, adminKey, api, bifrost, deploy, enterPassword, expect, expectAccessible, expectRefused,
  expectSignedOut, idByName, logIn, open, openWorkflow, signIn, signOut, test, TRY, URL, workflowCode,
} from './helpers';
import { addAuthenticator, enterCode, keepRecoveryCodes } from './totp';

const GUEST = { email: 'bob@provider.example', password: 'horses eat no batteries' };

test('a secret is written, and never shown again', async ({ admin: page }) => {
  await page.goto('/config');
  await expect(page.getByText('bifrost config set')).toBeVisible();
  await page.getByRole('button', { name: 'New setting' }).click();
  await page.getByLabel('Name').fill('psa_token');
  await page.getByLabel('Type').selectOption({ label: 'Secret' });
  await page.getByLabel('Value').fill('s3cret-of-the-psa');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('row').filter({ hasText: 'psa_token' })).toContainText('secret');
  await page.getByRole('link', { name: 'psa_token' }).click();
  await expect(page.getByLabel('Value')).toHaveValue('');
  expect(await page.content()).not.toContain('s3cret-of-the-psa');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'New setting' }).click();
  await page.getByLabel('Name').fill('retries');
  await page.getByLabel('Type').selectOption({ label: 'Whole number' });
  await page.getByLabel('Value').fill('many');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Enter a whole number')).toBeVisible();
  await page.getByLabel('Value').fill('3');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('row').filter({ hasText: 'retries' })).toContainText('3');
  await page.getByRole('button', { name: 'Delete retries' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByRole('row').filter({ hasText: 'retries' })).toHaveCount(0);
});

test('a schedule is made, paused and run', async ({ admin: page }) => {
  await page.goto('/schedules');
  await page.getByRole('button', { name: 'New schedule' }).click();
  await page.getByRole('combobox', { name: 'Workflow' }).click();
  await page.getByRole('option', { name: /^hello/ }).click();
  await page.getByLabel('Name').first().fill('Morning');
  await page.getByRole('button', { name: 'Weekdays at 9' }).click();
  await expect(page.getByText('At 09:00, Monday through Friday')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Next times' }).getByRole('listitem')).toHaveCount(5);
  await page.getByLabel('When', { exact: true }).fill('61 * * * *');
  await expect(page.getByRole('region', { name: 'Next times' })).toContainText('Minute 61 is out of range: 0 to 59');
  await page.getByRole('button', { name: 'Weekdays at 9' }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  const row = page.getByRole('row').filter({ hasText: 'Morning' });
  await expect(row).toContainText('At 09:00, Monday through Friday');
  await row.getByRole('button', { name: 'Pause Morning' }).click();
  await expect(row).toContainText('Paused');
  await row.getByRole('button', { name: 'Resume Morning' }).click();
  await expect(row.getByRole('button', { name: 'Pause Morning' })).toBeVisible();
  await expect(row).not.toContainText('Paused');
  await row.getByRole('link', { name: 'Morning' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Pause', exact: true }).click();
  await expect(dialog.getByText('Paused')).toBeVisible();
  // What is saved meanwhile leaves it paused.
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(row).toContainText('Paused');
  await row.getByRole('link', { name: 'Morning' }).click();
  await page.getByRole('button', { name: 'Run now' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'By a schedule' })).toBeVisible();
});

test('versions are compared, and an old one comes back', async ({ admin: page }) => {
  await page.goto('/code?tab=versions');
  await page.getByRole('link', { name: '1', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Version 1' })).toBeVisible();
  await expect(page.getByText('workflows/ui_cases.py').first()).toBeVisible();
  await page.getByRole('button', { name: 'Activate' }).click();
  // Forms and schedules may need what came later.
  await page.getByLabel('Also when workflows that are in use would be gone').check();
  await page.getByRole('dialog').getByRole('button', { name: 'Activate' }).click();
  await expect(page.getByText('Version 1 is active', { exact: true })).toBeVisible();
  await expect(page.getByText('No file differs')).toBeVisible();
  await page.goto('/workflows?q=Step');
  await expect(page.getByText('Nothing fits')).toBeVisible();
  await page.goto('/code/versions/2');
  await page.getByRole('button', { name: 'Activate' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Activate' }).click();
  await expect(page.getByText('Version 2 is active', { exact: true })).toBeVisible();
});

test('who was invited is in, and sees what a guest may', async ({ admin: page, browser }) => {
  await page.goto('/people');
  await page.getByRole('button', { name: 'Invite' }).click();
  await page.getByLabel('E-mail').fill(GUEST.email);
  await page.getByLabel('Role').selectOption({ label: 'Guest' });
  await page.getByRole('button', { name: 'Create link' }).click();
  const link = await page.getByRole('dialog').getByText('#invitation=').innerText();

  const guest = await open(browser);
  await guest.goto(link);
  await guest.getByLabel('Name').fill('Bob');
  await guest.getByLabel('Password').fill(GUEST.password);
  await guest.getByRole('button', { name: 'Accept the invitation' }).click();
  await expect(guest.getByRole('heading', { name: 'Hello, Bob' })).toBeVisible();
  const places = guest.getByRole('navigation', { name: 'Main' }).getByRole('link');
  await expect(places).toHaveText(['Home', 'Workflows', 'Forms', 'Runs', 'Notifications']);
  await guest.goto('/workflows');
  await expect(guest.getByText('No workflows for you yet')).toBeVisible();

  await page.goto('/roles?tab=grants');
  await page.getByRole('button', { name: 'Grant…' }).click();
  await page.getByRole('combobox', { name: 'Workflow' }).click();
  await page.getByRole('option', { name: /^Fails/ }).click();
  await page.getByRole('combobox', { name: 'Grant to' }).click();
  await page.getByRole('option', { name: /Bob/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Grant' }).click();
  await expect(page.getByRole('row').filter({ hasText: 'bob@provider.example' })).toContainText('Fails');

  await openWorkflow(guest, 'Fails');
  await guest.getByLabel('Customer').fill('Initech');
  await guest.getByRole('button', { name: 'Run', exact: true }).click();
  const error = guest.getByRole('region', { name: 'Error' });
  await expect(error).toContainText('An error occurred during execution');
  await expect(guest.getByText('Traceback')).toHaveCount(0);
  await expect(guest.getByRole('tab', { name: 'Variables' })).toHaveCount(0);
  await expectRefused(guest, ['/config', '/people', '/audit', '/operations', '/organizations']);
  await guest.context().close();
});

test('a link sets a new password', async ({ admin: page, browser }) => {
  await page.goto('/people');
  await page.getByRole('link', { name: 'Bob' }).click();
  await page.getByRole('button', { name: 'Create password reset link' }).click();
  const link = await page.getByText('#link=').innerText();
  const guest = await open(browser);
  await guest.goto(link);
  await guest.getByLabel('New password').fill(`${GUEST.password}!`);
  await guest.getByRole('button', { name: 'Set the password' }).click();
  await expect(guest.getByRole('heading', { name: 'Hello, Bob' })).toBeVisible();
  await guest.context().close();
});

test('a second factor, and a recovery code in its place', async ({ browser }) => {
  const page = await open(browser);
  await signIn(page, GUEST.email, `${GUEST.password}!`);
  await page.goto('/account');
  await addAuthenticator(page);
  const code = await keepRecoveryCodes(page);
  await signOut(page);
  await enterPassword(page, GUEST.email, `${GUEST.password}!`);
  await enterCode(page, code);
  await expect(page.getByRole('heading', { name: 'Hello, Bob' })).toBeVisible();
  await page.goto('/account');
  await expect(page.getByText('9 recovery codes left')).toBeVisible();
  await page.context().close();
});

/** What an operator does with a key: sessions of these tests have begun with a password alone. */
async function operate<T>(method: string, path: string, data: object): Promise<T> {
  const headers = { authorization: `Bearer ${adminKey()}`, 'content-type': 'application/json' };
  const answer = await fetch(`${URL}${path}`, { method, headers, body: JSON.stringify(data) });
  expect(answer.ok, `${method} ${path}`).toBe(true);
  return (await answer.json()) as T;
}

test('a second factor is asked of everyone, and added before anything else', async ({ browser }) => {
  const invited = { email: `dina-${TRY}@provider.example`, role: 'org_user' };
  const { token } = await operate<{ token: string }>('POST', '/api/invitations', invited);
  await operate('PUT', '/api/settings/sign-in', { second_factor: 'everyone' });
  try {
    const page = await open(browser);
    await accept(page, token);
    await expect(page.getByRole('heading', { name: 'A second factor is needed' })).toBeVisible();
    await page.goto('/workflows');
    await expect(page.getByRole('heading', { name: 'A second factor is needed' })).toBeVisible();
    await expectAccessible(page, 'second-factor');
    await addAuthenticator(page);
    await keepRecoveryCodes(page);
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(page.getByRole('heading', { level: 1, name: 'Workflows' })).toBeVisible();
    await page.context().close();
  } finally {
    await operate('PUT', '/api/settings/sign-in', { second_factor: 'off' });
  }
});

test('a command line is confirmed', async ({ admin: page }) => {
  const { printed, ended } = logIn();
  const code = () => /confirm the code (\S+)/.exec(printed())?.[1];
  await expect.poll(code).toBeDefined();
  await page.goto('/device');
  await page.getByLabel('Code from your command line').fill(code() ?? '');
  await page.getByRole('button', { name: 'Next' }).click();
  await expect(page.getByText(`in as ${ADMIN.email}`)).toBeVisible();
  await page.getByRole('button', { name: 'Confirm' }).click();
  await expect(page.getByText('Your command line is signed in')).toBeVisible();
  await expect.poll(ended).toBe(0);
});

test('keys and roles', async ({ admin: page }) => {
  await page.goto('/people?tab=services');
  await page.getByRole('button', { name: 'New service account' }).click();
  await page.getByLabel('Name').fill('deploy-bot');
  await page.getByLabel('Role').selectOption({ label: 'Administrator' });
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page.getByRole('link', { name: 'deploy-bot' })).toBeVisible();
  await page.goto('/keys');
  await page.getByRole('button', { name: 'New key' }).click();
  await page.getByLabel('Name').fill('Repository');
  await page.getByRole('combobox', { name: 'Holder' }).click();
  await page.getByRole('option', { name: /deploy-bot/ }).click();
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page.getByRole('dialog')).toContainText('shown only once');
  const key = (await page.getByRole('dialog').locator('pre').innerText()).trim();
  await page.getByRole('button', { name: 'I have saved it' }).click();
  const me = await page.request.get('/api/me', { headers: { authorization: `Bearer ${key}`, cookie: '' } });
  expect(((await me.json()) as { email: string }).email).toBe('deploy-bot');
  const row = page.getByRole('row').filter({ hasText: 'Repository' });
  await row.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await expect(row).toHaveCount(0);

  await page.goto('/roles');
  await page.getByRole('button', { name: 'New role' }).click();
  await page.getByLabel('Name').fill('Deployer');
  await page.getByLabel('workspace.deploy').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('link', { name: 'Deployer' })).toBeVisible();
});

test('an organization has its own scope, and its deploys are reviewed', async ({ admin: page, browser }) => {
  await page.goto('/organizations');
  await page.getByRole('button', { name: 'New organization' }).click();
  await page.getByLabel('Name').fill('Contoso');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Contoso' })).toBeVisible();
  await page.getByLabel('Deploys need a review').check();
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('Reviewed deploys')).toBeVisible();
  await page.getByRole('link', { name: 'Enter' }).click();
  await expect(page).toHaveURL(/\?org=/);
  await expect(page.getByRole('combobox', { name: 'Organization' })).toContainText('Contoso');
  const organization = new globalThis.URL(page.url()).searchParams.get('org') ?? '';

  // Somebody of that organization contributes.
  const { token } = await api<{ token: string }>(page, 'POST', '/api/invitations', { email: 'cara@contoso.example', role: 'org_admin' }, organization);
  const cara = await open(browser);
  await accept(cara, token);
  await expect(cara.getByRole('heading', { name: /^Hello/ })).toBeVisible();
  await deploy(cara, { 'workflows/theirs.py': workflowCode('theirs') }, { message: 'Ours' });

  // The provider sees it without entering.
  await page.goto('/reviews');
  await expect(page.getByRole('row').filter({ hasText: 'Contoso' }).filter({ hasText: 'Ours' })).toBeVisible();
  await page.goto(`/?org=${organization}`);
  await page.getByRole('link', { name: 'Review', exact: true }).click();
  await page.getByRole('link', { name: '1', exact: true }).click();
  await expect(page.getByText('async def theirs()')).toBeVisible();
  await page.getByRole('button', { name: 'Approve' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Approve' }).click();
  await expect(page.getByText('Version 1 is approved and active', { exact: true })).toBeVisible();

  // A run in another organization is followed live, too.
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Workflows' }).click();
  await expect(page).toHaveURL(new RegExp(`org=${organization}`));
  await page.getByRole('link', { name: 'Step by step' }).click();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Log lines' })).toContainText('Step 1 of 5');
  await expect(page.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();
  await cara.goto('/runs');
  await expect(cara.getByRole('link', { name: 'Step by step' })).toBeVisible();
  await cara.context().close();
});

test('an own setting says that it overrides a global one', async ({ admin: page }) => {
  const contoso = await idByName(page, 'organizations', 'Contoso');
  await api(page, 'PUT', '/api/config/smtp_host', { value: 'mail.example.com' });
  await page.goto(`/config?org=${contoso}`);
  const row = page.getByRole('row').filter({ hasText: 'smtp_host' });
  await expect(row).toContainText('Inherited');
  await row.getByRole('link', { name: 'smtp_host' }).click();
  await page.getByLabel('Value').fill('mail.contoso.example');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(row).toContainText('Overrides global');
  await expect(row).toContainText(`by ${ADMIN.name}`);
  await page.getByLabel('Search settings').fill('no such setting');
  await expect(row).toHaveCount(0);
  await page.getByRole('button', { name: 'Clear the search' }).click();
  await row.getByRole('button', { name: 'Delete smtp_host' }).click();
  await expect(page.getByRole('dialog')).toContainText('The global value of this name applies again.');
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(row).toContainText('mail.example.com');
  await expect(row).toContainText('Inherited');
  await api(page, 'DELETE', '/api/config/smtp_host');
});

test('an organization leaves, and its export is deleted', async ({ admin: page }) => {
  test.setTimeout(120_000);
  await page.goto('/organizations');
  await page.getByRole('button', { name: 'New organization' }).click();
  await page.getByLabel('Name').fill('Initrode');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Initrode' })).toBeVisible();
  await expect(page.getByText('0 of 2,000')).toBeVisible();
  await page.getByRole('button', { name: 'Offboard…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill('Initrode');
  await dialog.getByRole('button', { name: 'Export and delete everything' }).click();
  await expect(page.getByRole('button', { name: 'Delete the export' })).toBeVisible({ timeout: 60_000 });

  // It is gone, and its page is still found.
  await page.goto('/organizations');
  await page.getByRole('table', { name: 'Removed organizations' }).getByRole('link', { name: 'Initrode' }).click();
  await page.getByRole('button', { name: 'Delete the export' }).click();
  await dialog.getByRole('textbox').fill('Initrode');
  await dialog.getByRole('button', { name: 'Delete the export' }).click();
  await expect(page.getByText('The export is deleted', { exact: true })).toBeVisible();
  await expect(page.getByText(/, deleted$/)).toBeVisible();
  await expect(page.getByRole('button', { name: 'Delete the export' })).toHaveCount(0);
});

test('network policy, audit log and operations', async ({ admin: page }) => {
  await page.goto('/network');
  await page.getByLabel('Blocked hosts').fill('not a host');
  await page.getByRole('button', { name: 'Save the policy' }).click();
  await expect(page.getByText(/is no name of a host/).first()).toBeVisible();
  await page.getByLabel('Blocked hosts').fill('evil.example');
  await page.getByRole('button', { name: 'Save the policy' }).click();
  await expect(page.getByText('The policy is saved', { exact: true })).toBeVisible();

  await page.goto('/audit?action=config.');
  await expect(page.getByText('config.set').first()).toBeVisible();
  await expect(page.getByRole('link', { name: 'Secret psa_token' }).first()).toBeVisible();
  await page.getByRole('button', { name: 'Secret set' }).first().click();
  await page.getByText('Technical details').first().click();
  await expect(page.getByText(ADMIN.email).first()).toBeVisible();
  expect(await page.content()).not.toContain('s3cret-of-the-psa');
  await page.getByRole('button', { name: 'Verify' }).click();
  await expect(page.getByRole('dialog', { name: 'The log is intact' })).toBeVisible();
  await page.keyboard.press('Escape');
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export' }).click();
  expect((await saved).suggestedFilename()).toBe('bifrost-audit.ndjson');

  await page.goto('/operations');
  await expect(page.getByText('Ready', { exact: true })).toBeVisible();
  await expect(page.getByText('Sandbox processes')).toBeVisible();
  await expect(page.getByRole('table', { name: 'Workers' }).getByText('Takes runs')).toBeVisible();
  await page.goto('/identity-providers');
  await page.getByRole('button', { name: 'Add the first one' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
});

test('the platform has a name and a color, and nobody locks themselves out', async ({ admin: page, browser }) => {
  await page.goto('/settings');
  await page.getByLabel('Name').fill('Acme Flow');
  await page.getByLabel('Color', { exact: false }).last().fill('#0a7d55');
  await expect(page.getByText(/^Contrast: button/).first()).toBeVisible();
  await page.getByRole('button', { name: 'Save' }).first().click();
  await expect(page.getByRole('link', { name: 'Acme Flow' })).toBeVisible();
  await expect(page).toHaveTitle('Settings – Acme Flow');
  expect(await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--accent'))).toBe('#0a7d55');
  const nobody = await open(browser);
  await nobody.goto('/sign-in');
  await expect(nobody.getByText('Acme Flow')).toBeVisible();
  await nobody.context().close();
  await page.getByRole('button', { name: 'Reset' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Reset' }).click();
  await expect(page.getByRole('link', { name: 'Bifrost' })).toBeVisible();
  await page.getByLabel('Required of everyone').check();
  await page.getByRole('button', { name: 'Save' }).last().click();
  await expect(page.getByText(/signed in with a password alone/)).toBeVisible();
});

test('keys lead to screens, rows and the search, until they are turned off', async ({ admin: page }) => {
  await page.goto('/config');
  await expect(page.getByRole('link', { name: 'psa_token' })).toBeVisible();
  // The keys are loaded after the page.
  await expect(async () => {
    await page.keyboard.press('/');
    await expect(page.getByRole('searchbox', { name: 'Search settings' })).toBeFocused({ timeout: 500 });
  }).toPass();
  await page.keyboard.type('psa?');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.getByRole('searchbox', { name: 'Search settings' }).fill('psa');
  await page.getByRole('heading', { level: 1 }).click();
  await page.keyboard.press('j');
  await expect(page.getByRole('link', { name: 'psa_token' })).toBeFocused();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible();
  await page.keyboard.press('Escape');
  await page.keyboard.press('g');
  await page.keyboard.press('w');
  await expect(page.getByRole('heading', { level: 1, name: 'Workflows' })).toBeVisible();
  await page.goto('/account');
  await page.getByLabel('Single-key shortcuts').uncheck();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.getByLabel('Single-key shortcuts').check();
});

test('own sessions are listed, and others end', async ({ admin: page, browser }) => {
  const other = await open(browser);
  await signIn(other, ADMIN.email, ADMIN.password);
  await page.goto('/account');
  await expect(page.getByText('This session')).toBeVisible();
  await page.getByRole('button', { name: 'End all others' }).click();
  await page.getByRole('button', { name: 'End them' }).click();
  await expect(page.getByText('All other sessions were ended', { exact: true })).toBeVisible();
  await expectSignedOut(other);
  await other.context().close();
});

test('the command line sees what was done here', () => {
  expect(bifrost('organizations')).toContain('Contoso');
});
