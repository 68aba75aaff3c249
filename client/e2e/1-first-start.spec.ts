/** From the address that the first start prints to the result of a run. Controls are found by
 *  their role and label only, as somebody with a screen reader finds them. */
import { ADMIN, ADMIN_STATE, deployCases, expect, open, SET_UP, signIn, test, URL } from './helpers';

test('from the printed address to a result', async ({ browser }) => {
  const page = await open(browser);
  await page.goto(SET_UP);
  await expect(page.getByRole('heading', { name: 'Make the first administrator' })).toBeVisible();
  await page.getByLabel('E-mail').fill(ADMIN.email);
  await page.getByLabel('Name').fill(ADMIN.name);
  await page.getByLabel('Password').fill('password12');
  await page.getByRole('button', { name: 'Make the administrator' }).click();
  await expect(page.getByRole('alert')).toContainText(/password/i);
  await page.getByLabel('Password').fill(ADMIN.password);
  await page.getByRole('button', { name: 'Make the administrator' }).click();
  await expect(page.getByRole('heading', { name: 'Hello, Ada' })).toBeVisible();
  expect(page.url()).not.toContain('set-up');

  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Workflows' }).click();
  await page.getByRole('link', { name: 'hello', exact: true }).click();
  await page.getByLabel('Name').fill('Grace');
  await page.getByLabel('Excited').check();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();
  await expect(page.getByText('Hello, Grace!')).toBeVisible();
  await page.getByRole('tab', { name: 'Log' }).click();
  await expect(page.getByRole('region', { name: 'Log lines' })).toContainText('Greeting Grace for ada@provider.example');
  await page.context().storageState({ path: ADMIN_STATE });
  await page.context().close();
});

test('signing out and in again leads back to where one was', async ({ browser }) => {
  const page = await open(browser);
  await page.goto('/runs?status=Success');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await page.getByLabel('E-mail').fill(ADMIN.email);
  await page.getByLabel('Password').fill('not the password');
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await page.getByLabel('Password').fill(ADMIN.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page).toHaveURL(`${URL}/runs?status=Success`);
  await expect(page.getByRole('link', { name: 'hello' })).toBeVisible();
  await page.getByRole('button', { name: /^Account of/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await page.context().close();
});

test('nobody is led elsewhere after signing in', async ({ browser }) => {
  for (const next of ['https://evil.example/', '//evil.example/', '/\\evil.example/']) {
    const page = await open(browser);
    await page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
    await page.getByLabel('E-mail').fill(ADMIN.email);
    await page.getByLabel('Password').fill(ADMIN.password);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await expect(page.getByRole('heading', { name: 'Hello, Ada' })).toBeVisible();
    expect(new globalThis.URL(page.url()).origin).toBe(URL);
    await page.context().close();
  }
});

test('a passkey signs in alone', async ({ browser }) => {
  const page = await open(browser);
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await signIn(page, ADMIN.email, ADMIN.password);
  await page.goto('/account');
  await page.getByRole('button', { name: 'Add a passkey' }).click();
  await page.getByLabel('Name').fill('Laptop');
  await page.getByRole('button', { name: 'Go on' }).click();
  await expect(page.getByText('Laptop', { exact: true })).toBeVisible();
  await page.getByRole('button', { name: /^Account of/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page.getByRole('heading', { name: 'Hello, Ada' })).toBeVisible();
  await page.context().close();
});

test('the workflows of these tests are deployed', () => {
  deployCases();
});
