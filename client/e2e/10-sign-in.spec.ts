/** Every way in beside a plain password: an identity provider, codes, passkeys, devices; and the ways out. */
import { enterPassword, expect, expectSignedOut, logIn, open, organizationOf, PASSWORD, signIn, signOut } from './helpers';
import { CLIENT, openIdProvider } from './openid-provider';
import { test } from './own-server';
import { addAuthenticator, addPasskey, enterCode, keepRecoveryCodes, totp } from './totp';

test('an identity provider is set up, people come from it, and it is taken away', async ({ admin: page, browser, server }) => {
  const provider = await openIdProvider(server.url, {
    flora: { email: 'flora@fabrikam.example', email_verified: true, name: 'Flora Fabrikam' },
    eve: { email: 'eve@elsewhere.example', email_verified: true, name: 'Eve' },
  });
  await organizationOf(page, 'Fabrikam', 'fabrikam.example');
  await page.goto('/identity-providers');
  await page.getByRole('button', { name: 'Add the first one' }).click();
  const dialog = page.getByRole('dialog', { name: 'New provider' });
  await dialog.getByLabel('Name').fill('Fabrikam ID');
  await dialog.getByLabel('Kind').selectOption({ label: 'Google' });
  await expect(dialog.getByLabel('Issuer')).toHaveCount(0);
  await dialog.getByLabel('Kind').selectOption({ label: 'Another OpenID provider' });
  await dialog.getByLabel('Issuer').fill(provider.issuer);
  await dialog.getByLabel('Client ID').fill(CLIENT.id);
  await dialog.getByLabel(/^Client secret/).fill(CLIENT.secret);
  await dialog.getByLabel('Create users').check();
  await dialog.getByRole('button', { name: 'Save' }).click();
  await expect(dialog.getByText(/\/api\/sign-in\/providers\/[\da-f-]{36}\/callback$/)).toBeVisible();
  await dialog.getByRole('button', { name: 'Close' }).last().click();
  const row = page.getByRole('main').getByRole('listitem').filter({ hasText: 'Fabrikam ID' });
  await expect(row).toContainText('Creates users');
  expect(await page.content()).not.toContain(CLIENT.secret);

  const flora = await open(browser, undefined, server.url);
  await flora.goto('/sign-in?next=%2Faccount');
  await flora.getByRole('button', { name: 'Sign in with Fabrikam ID' }).click();
  await expect(flora).toHaveURL(`${server.url}/account`);
  const facts = flora.getByRole('main');
  for (const text of ['Flora Fabrikam', 'flora@fabrikam.example', 'Fabrikam', 'User']) {
    await expect(facts.getByText(text, { exact: true })).toBeVisible();
  }
  await expect(flora.getByRole('button', { name: 'Set a password' })).toBeVisible();
  await flora.context().close();

  // Whoever belongs to no organization reads so where they can go on.
  await provider.become('eve');
  const eve = await open(browser, undefined, server.url);
  await eve.goto('/sign-in');
  await eve.getByRole('button', { name: 'Sign in with Fabrikam ID' }).click();
  await expect(eve).toHaveURL(/\/sign-in\?problem=/);
  await expect(eve.getByRole('alert')).toContainText('Signing in with the provider did not work');

  await row.getByRole('link', { name: 'Fabrikam ID' }).click();
  const edit = page.getByRole('dialog', { name: 'Fabrikam ID' });
  await edit.getByLabel('Enabled', { exact: true }).uncheck();
  await edit.getByRole('button', { name: 'Save' }).click();
  await expect(row).toContainText('Disabled');
  await eve.goto('/sign-in');
  await expect(eve.getByLabel('Password')).toBeVisible();
  await expect(eve.getByRole('button', { name: 'Sign in with Fabrikam ID' })).toHaveCount(0);
  await eve.context().close();

  await row.getByRole('link', { name: 'Fabrikam ID' }).click();
  await edit.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog', { name: 'Delete “Fabrikam ID”?' }).getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('No identity providers yet')).toBeVisible();
  provider.close();
});

test('codes of an app are asked for; recovery codes are made anew; both are taken away', async ({ enter }) => {
  const email = 'theo@provider.example';
  const page = await enter({ email, name: 'Theo' });
  await page.goto('/account');
  const secret = await addAuthenticator(page);
  const old = await keepRecoveryCodes(page);

  await signOut(page);
  await enterPassword(page, email);
  await enterCode(page, '123');
  await expect(page.getByRole('alert')).toBeVisible();
  // A code is good once, and a clock may be half a minute off: the one that comes next.
  await enterCode(page, totp(secret, Date.now() + 30_000));
  await expect(page.getByRole('heading', { name: 'Hello, Theo' })).toBeVisible();

  await page.goto('/account');
  await page.getByRole('button', { name: 'New recovery codes' }).click();
  const fresh = await keepRecoveryCodes(page);
  expect(fresh).not.toBe(old);
  await signOut(page);
  await enterPassword(page, email);
  await enterCode(page, old);
  await expect(page.getByRole('alert')).toBeVisible();
  await enterCode(page, fresh);
  await expect(page.getByRole('heading', { name: 'Hello, Theo' })).toBeVisible();

  await page.goto('/account');
  await expect(page.getByText('9 recovery codes left')).toBeVisible();
  await page.getByRole('button', { name: 'Remove', exact: true }).click();
  await page.getByRole('dialog', { name: 'Remove the authenticator app?' }).getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByRole('button', { name: 'Add an authenticator app' })).toBeVisible();
  await signOut(page);
  await signIn(page, email);
});

test('a password is changed, and whoever else was signed in is so no more', async ({ enter, browser, server }) => {
  const email = 'petra@provider.example';
  const page = await enter({ email, name: 'Petra' });
  const other = await open(browser, undefined, server.url);
  await signIn(other, email);
  await page.goto('/account');
  await page.getByLabel('Current password').fill('not this password');
  await page.getByLabel('New password').fill('another row of words');
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByRole('alert')).toContainText('This is not your password');
  await page.getByLabel('Current password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Change password' }).click();
  await expect(page.getByText('The password is changed', { exact: true })).toBeVisible();
  await expect(page.getByLabel('New password')).toHaveValue('');
  await expectSignedOut(other);
  await enterPassword(other, email);
  await expect(other.getByRole('alert')).toBeVisible();
  await signIn(other, email, 'another row of words');
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Hello, Petra' })).toBeVisible();
  await other.context().close();
});

test('a passkey that is removed signs nobody in', async ({ enter }) => {
  const page = await enter({ email: 'pia@provider.example', name: 'Pia' });
  await addPasskey(page, 'Old phone');
  await page.getByRole('button', { name: 'Remove Old phone' }).click();
  await page.getByRole('dialog', { name: 'Remove “Old phone”?' }).getByRole('button', { name: 'Remove' }).click();
  await expect(page.getByText('None yet. A passkey')).toBeVisible();
  await signOut(page);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
});

test('a command line that one has not started is refused, by its link', async ({ admin: page, server }) => {
  const { printed, ended } = logIn(server.url, server.data);
  const address = () => /Open (\S+)\s/.exec(printed())?.[1];
  await expect.poll(address).toBeDefined();
  await page.goto(address() ?? '');
  await expect(page).toHaveURL(/\/device\?code=/);
  await expect(page.getByText(/in as ada@provider\.example/)).toBeVisible();
  await page.getByRole('button', { name: 'Deny' }).click();
  await expect(page.getByText('Denied', { exact: true })).toBeVisible();
  await expect.poll(ended).toBeTruthy();
  expect(printed()).toContain('the code was refused');
  await page.reload();
  await expect(page.getByRole('alert')).toBeVisible();
});

test('one session is ended, and the others go on', async ({ enter, browser, server }) => {
  const email = 'sven@provider.example';
  const page = await enter({ email, name: 'Sven' });
  const other = await open(browser, undefined, server.url);
  await signIn(other, email);
  await page.goto('/account');
  const end = page.getByRole('button', { name: 'End', exact: true });
  await expect(end).toHaveCount(1);
  await end.click();
  await expect(page.getByText('The session was ended', { exact: true })).toBeVisible();
  await expect(end).toHaveCount(0);
  await expectSignedOut(other);
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Hello, Sven' })).toBeVisible();
  await other.context().close();
});

test('who has accounts in two organizations says which one is meant', async ({ admin, enter, browser, server }) => {
  const email = 'nora@consultant.example';
  for (const name of ['Northwind', 'Southwind']) {
    await enter({ email, name: 'Nora', organization: await organizationOf(admin, name) });
  }
  const page = await open(browser, undefined, server.url);
  await page.goto('/sign-in');
  await enterPassword(page, email);
  await expect(page.getByRole('alert')).toContainText(/Northwind, Southwind|Southwind, Northwind/);
  await page.getByLabel('Organization').fill('Southwind');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Hello, Nora' })).toBeVisible();
  await expect(page.getByRole('banner').getByText('Southwind')).toBeVisible();
  await page.context().close();
});
