/** Filling in: choices in sight, several of them, several files, and what goes wrong meanwhile. */
import { field, formOf } from './forms';
import { expect, resultOf, test } from './helpers';

const everything = {
  name: 'Everything',
  workflow: 'Takes everything',
  access: 'authenticated',
  fields: [
    field('shape', 'Shape', 'radio', { required: true, options: ['round', 'square'] }),
    field('names', 'Names', 'multi_select', { options: ['Ada', 'Grace', 'Hedy'] }),
    field('papers', 'Papers', 'file', { multiple: true, allowed_types: ['text/plain'] }),
  ],
};

const paper = (name: string, content: string) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(content) });

test('one of those in sight, several, and several files', async ({ admin: page }) => {
  await page.goto(`/forms/${await formOf(page, everything)}`);
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page.getByRole('group', { name: '1 field needs your attention' })).toBeFocused();
  await page.getByRole('radio', { name: 'round' }).check();
  await page.getByRole('radio', { name: 'square' }).check();
  await expect(page.getByRole('radio', { name: 'round' })).not.toBeChecked();
  for (const name of ['Ada', 'Grace', 'Hedy']) await page.getByRole('checkbox', { name }).check();
  await page.getByRole('checkbox', { name: 'Grace' }).uncheck();

  const papers = page.getByLabel('Papers', { exact: true });
  const files = page.getByRole('list', { name: 'Papers, files' }).getByRole('listitem');
  await papers.setInputFiles([paper('one.txt', 'first'), paper('two.txt', 'second')]);
  await expect(files.filter({ hasText: 'Sent' })).toHaveCount(2);
  await papers.setInputFiles([paper('three.txt', 'third')]);
  await expect(files.filter({ hasText: 'Sent' })).toHaveCount(3);
  await page.getByRole('button', { name: 'Remove two.txt' }).click();
  await expect(files).toHaveCount(2);
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await expect(page).toHaveURL(/\/runs\//);
  expect(await resultOf(page)).toMatchObject({ shape: 'square', names: ['Ada', 'Hedy'], papers: ['first', 'third'] });
});

test('choices that could not be had are asked for again', async ({ admin: page }) => {
  const id = await formOf(page, {
    name: 'Asked again',
    workflow: 'Takes everything',
    access: 'authenticated',
    fields: [field('shape', 'Shape', 'text', { default_value: 'round' }), field('sea', 'Sea', 'select', { required: true, data_provider: 'Seas' })],
  });
  const failure = { code: 'data_provider_failed', title: 'Bad Gateway', detail: 'the sea does not answer', status: 502 };
  await page.route('**/api/forms/*/options', (route) => route.fulfill({ status: 502, contentType: 'application/problem+json', json: failure }), { times: 1 });
  await page.goto(`/forms/${id}`);
  await expect(page.getByText('The choices could not be loaded. The sea does not answer.')).toBeVisible();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByRole('combobox', { name: 'Sea' }).selectOption({ label: 'Baltic Sea' });
  await expect(page.getByText('could not be loaded')).toHaveCount(0);
  await page.getByRole('button', { name: 'Send' }).click();
  await expect(page).toHaveURL(/\/runs\//);
  expect(await resultOf(page)).toMatchObject({ sea: 'baltic' });
});

test('a file that did not arrive is sent again', async ({ admin: page }) => {
  const id = await formOf(page, everything);
  const failure = { code: 'busy', title: 'Busy', detail: 'the platform is busy', status: 503 };
  await page.route('**/api/forms/*/uploads', (route) => route.fulfill({ status: 503, contentType: 'application/problem+json', json: failure }), { times: 1 });
  await page.goto(`/forms/${id}`);
  await page.getByLabel('Papers', { exact: true }).setInputFiles([paper('one.txt', 'first')]);
  const file = page.getByRole('list', { name: 'Papers, files' }).getByRole('listitem');
  await expect(file).toContainText('The platform is busy.');
  await file.getByRole('button', { name: 'Send again' }).click();
  await expect(file).toContainText('Sent');
  await page.getByRole('radio', { name: 'round' }).check();
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await expect(page).toHaveURL(/\/runs\//);
  expect(await resultOf(page)).toMatchObject({ papers: ['first'] });
});

test('a form that was open for too long is opened again, with what is filled in', async ({ admin: page }) => {
  const id = await formOf(page, { ...everything, name: 'Open for long' });
  // As the server answers once the session is over.
  const failure = { code: 'not_found', title: 'Not Found', detail: 'there is no such form session', status: 404 };
  await page.route('**/api/forms/*/execute', (route) => route.fulfill({ status: 404, contentType: 'application/problem+json', json: failure }), { times: 1 });
  await page.goto(`/forms/${id}`);
  await page.getByRole('radio', { name: 'square' }).check();
  await page.getByLabel('Papers', { exact: true }).setInputFiles([paper('one.txt', 'first')]);
  const file = page.getByRole('list', { name: 'Papers, files' }).getByRole('listitem');
  await expect(file).toContainText('Sent');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('There is no such form session.');
  // What was sent belongs to the session that is over.
  const sentAgain = page.waitForResponse('**/api/forms/*/uploads');
  await page.getByRole('button', { name: 'Open it again, and keep what is filled in' }).click();
  await sentAgain;
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(file).toContainText('Sent');
  await expect(page.getByRole('radio', { name: 'square' })).toBeChecked();
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await expect(page).toHaveURL(/\/runs\//);
  expect(await resultOf(page)).toMatchObject({ shape: 'square', papers: ['first'] });
});
