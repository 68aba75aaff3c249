/** From the address that the first start prints to the result of a run. Controls are found by
 *  their role and label only, as somebody with a screen reader finds them. */
import { ADMIN, ADMIN_STATE, deployCases, enterPassword, expect, fillInAdmin, open, SET_UP, signIn, signOut, test, URL } from './helpers';
import { addPasskey } from './totp';

test('from the printed address to a result', async ({ browser }) => {
  const page = await open(browser);
  await page.goto(SET_UP);
  await expect(page.getByRole('heading', { name: 'Create the first administrator' })).toBeVisible();
  await fillInAdmin(page, 'password12');
  await page.getByRole('button', { name: 'Create the administrator' }).click();
  await expect(page.getByRole('alert')).toContainText(/password/i);
  await page.getByLabel('Password').fill(ADMIN.password);
  await page.getByRole('button', { name: 'Create the administrator' }).click();
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
  await enterPassword(page, ADMIN.email, 'not the password');
  await expect(page.getByRole('alert')).toBeVisible();
  await page.getByLabel('Password').fill(ADMIN.password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page).toHaveURL(`${URL}/runs?status=Success`);
  await expect(page.getByRole('link', { name: 'hello' })).toBeVisible();
  await signOut(page);
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await page.context().close();
});

test('nobody is led elsewhere after signing in', async ({ browser }) => {
  for (const next of ['https://evil.example/', '//evil.example/', '/\\evil.example/']) {
    const page = await open(browser);
    await page.goto(`/sign-in?next=${encodeURIComponent(next)}`);
    await enterPassword(page, ADMIN.email, ADMIN.password);
    await expect(page.getByRole('heading', { name: 'Hello, Ada' })).toBeVisible();
    expect(new globalThis.URL(page.url()).origin).toBe(URL);
    await page.context().close();
  }
});

test('a passkey signs in alone', async ({ browser }) => {
  const page = await open(browser);
  await signIn(page, ADMIN.email, ADMIN.password);
  await addPasskey(page, 'Laptop');
  await expect(page.getByText('Laptop', { exact: true })).toBeVisible();
  await signOut(page);
  await page.getByRole('button', { name: 'Sign in with a passkey' }).click();
  await expect(page.getByRole('heading', { name: 'Hello, Ada' })).toBeVisible();
  await page.context().close();
});

test('the workflows of these tests are deployed', () => {
  deployCases();
});
