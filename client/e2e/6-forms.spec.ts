/** Forms: built, filled in with the choices of data providers, sent, granted. */
import { field, formOf } from './forms';
import { api, cancelRun, expect, expectResult, joined, test, TRY } from './helpers';

const FORM = 'New colleague';

/** Typing in a form of 50 fields is answered within this, in milliseconds. */
const ANSWER = 100;

const colleague = {
  name: FORM,
  description: 'Everything that a new colleague needs.',
  workflow: 'Filled in',
  launch_workflow: 'Prepares a form',
  query_parameters: ['team'],
  access: 'authenticated',
  fields: [
    { name: 'intro', type: 'markdown', content: '## Before Thursday\n\nSee [the guide](https://example.com), not <img src=x onerror="window.planted=1">.' },
    field('name', 'Name of the colleague', 'text', { required: true }),
    field('country', 'Country', 'select', { required: true, data_provider: 'Countries', auto_fill: { zone: 'zone' } }),
    field('city', 'City', 'select', {
      data_provider: 'Cities',
      data_provider_inputs: { country: { mode: 'fieldRef', field_name: 'country' } },
    }),
    field('zone', 'Time zone', 'text'),
    field('machine', 'Machine', 'select', { data_provider: 'Broken choices' }),
    field('count', 'Devices', 'number', { default_value: 1, validation: { min: 1, expression: 'fields.count <= context.workflow.most', message: 'Three at most' } }),
    field('for_a_time', 'For a time', 'checkbox'),
    field('until', 'Until', 'date', { visibility_expression: 'fields.for_a_time', required_expression: 'fields.for_a_time' }),
    field('letter', 'Letter', 'file', { allowed_types: ['text/plain'], max_size_mb: 1 }),
    { name: 'page', type: 'html', content: '<p>A page <script>parent.planted = 1</script></p>' },
    field('agreed', 'The manager has agreed', 'checkbox', { required: true }),
  ],
};

test('a form is built from the parameters of a workflow, by keyboard, and kept', async ({ admin: page }) => {
  await page.goto('/forms');
  await page.getByRole('link', { name: 'New form' }).click();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('region', { name: 'To fix' })).toBeVisible();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Built here');
  await page.getByRole('combobox', { name: 'Workflow' }).click();
  await page.keyboard.type('filled in');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Add them' }).click();
  const list = page.getByRole('list', { name: 'Fields' });
  await expect(list.getByRole('listitem')).toHaveCount(8);

  await page.getByRole('group', { name: 'Add a field' }).getByRole('button', { name: 'Text', exact: true }).click();
  await page.getByRole('textbox', { name: 'Label' }).fill('Cost centre');
  await page.getByRole('textbox', { name: 'Help' }).fill('As on the bill');
  await expect(page.getByRole('tabpanel', { name: 'Fields' }).getByRole('textbox', { name: 'Name', exact: true })).toHaveValue('cost_centre');
  const preview = page.getByRole('form', { name: 'Preview' });
  await expect(preview.getByRole('textbox', { name: /Cost centre/ })).toBeVisible();

  await page.getByText('Rules', { exact: true }).click();
  const rule = page.getByRole('textbox', { name: 'Shown when' });
  await rule.fill('fields.count > 1 and true');
  await expect(page.getByText('write `&&`')).toBeVisible();
  await rule.fill('fields.cuont > 1');
  await expect(page.getByText(/no field `cuont`/).first()).toBeVisible();
  await rule.fill('fields.count > 1');
  await expect(page.getByText('In the preview now: false')).toBeVisible();
  await expect(preview.getByRole('textbox', { name: /Cost centre/ })).toHaveCount(0);
  await preview.getByRole('textbox', { name: /^Count\b/ }).fill('2');
  await expect(preview.getByRole('textbox', { name: /Cost centre/ })).toBeVisible();

  const item = list.getByRole('button', { name: 'Text Cost centre' });
  await item.focus();
  await page.keyboard.press('Alt+ArrowUp');
  await page.keyboard.press('Alt+ArrowUp');
  await page.keyboard.press('Alt+ArrowDown');
  await expect(item).toBeFocused();
  await expect(list.getByRole('listitem').nth(7)).toContainText('Cost centre');
  await page.keyboard.press('Control+s');
  await expect(page).toHaveURL(/\/forms\/[\da-f-]{36}\/edit/);
  await expect(page.getByText('Not saved')).toHaveCount(0);

  await page.getByRole('tab', { name: 'As a file' }).click();
  const file = page.getByRole('region', { name: 'forms/built-here.yaml' });
  await expect(file).toContainText('workflow: workflows/ui_cases.py::filled_in');
  await expect(file).toContainText('visibility_expression: fields.count > 1');

  await page.getByRole('tab', { name: 'Settings' }).click();
  await page.getByRole('textbox', { name: 'Description' }).fill('Changed');
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Runs' }).click();
  await expect(page.getByRole('dialog')).toContainText('Leave without saving?');
  await page.getByRole('button', { name: 'Keep' }).click();
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByText('Not saved')).toHaveCount(0);
});

test('what is not saved is tried as the server checks it', async ({ admin: page }) => {
  const id = await formOf(page, { name: 'Tried', workflow: 'Filled in', access: 'authenticated', fields: [field('name', 'Name', 'text')] });
  await page.goto(`/forms/${id}/edit`);
  const preview = page.getByRole('form', { name: 'Preview' });
  await preview.getByRole('textbox', { name: /^Name/ }).fill('Ada');
  await preview.getByRole('button', { name: 'Test run' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Start it' }).click();
  await expect(page.getByText('It has started')).toBeVisible();
});

test('who is slower hears that somebody else was first', async ({ admin: page }) => {
  const id = await formOf(page, { name: 'Of two', workflow: 'Filled in', access: 'authenticated', fields: [field('name', 'Name', 'text')] });
  await page.goto(`/forms/${id}/edit?tab=settings`);
  await page.getByRole('textbox', { name: 'Description' }).fill('Mine');
  const theirs = await api<{ revision: number; fields: object[] }>(page, 'GET', `/api/forms/${id}`);
  await api(page, 'PUT', `/api/forms/${id}`, {
    name: 'Of two',
    description: 'Theirs',
    workflow: 'Filled in',
    access: 'authenticated',
    fields: [field('name', 'Name', 'text')],
    revision: theirs.revision,
  });
  await page.getByRole('button', { name: 'Save' }).click();
  const dialog = page.getByRole('dialog', { name: /Somebody else/ });
  await dialog.getByRole('button', { name: 'Load what is saved' }).click();
  await expect(page.getByRole('textbox', { name: 'Description' })).toHaveValue('Theirs');
  await page.getByRole('textbox', { name: 'Description' }).fill('Both');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Not saved')).toHaveCount(0);
  await page.getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await expect(page).toHaveURL(/\/forms$/);
  await expect(page.getByRole('link', { name: 'Of two' })).toHaveCount(0);
});

test('a form is filled in, told what is wrong, and sent', async ({ admin: page }) => {
  const id = await formOf(page, colleague);
  await page.goto(`/forms/${id}?team=blue`);
  await expect(page.getByRole('heading', { name: 'Before Thursday' })).toBeVisible();
  const send = page.getByRole('button', { name: 'Send' });
  await send.click();
  const summary = page.getByRole('group', { name: '3 fields need your attention' });
  await expect(summary).toBeFocused();
  await summary.getByRole('link', { name: 'Name of the colleague' }).click();
  await expect(page.getByRole('textbox', { name: 'Name of the colleague' })).toBeFocused();
  await page.keyboard.type('Grace');

  // A choice fills in another field, and decides what can be chosen in a third.
  const country = page.getByRole('combobox', { name: 'Country' });
  const city = page.getByRole('combobox', { name: /^City/ });
  await expect(page.getByText('First fill in “Country”.')).toBeVisible();
  await expect(city).toBeDisabled();
  await country.selectOption({ label: 'Germany' });
  await expect(page.getByRole('textbox', { name: /^Time zone/ })).toHaveValue('Europe/Berlin');
  await city.selectOption({ label: 'Cologne' });
  await country.selectOption({ label: 'Austria' });
  await expect(page.getByRole('textbox', { name: /^Time zone/ })).toHaveValue('Europe/Vienna');
  await expect(city).toHaveValue('');
  await city.selectOption({ label: 'Vienna' });
  await expect(page.getByText('The choices could not be loaded.')).toBeVisible();

  const devices = page.getByRole('textbox', { name: /^Devices/ });
  await devices.fill('4');
  await devices.blur();
  await expect(page.getByText('Three at most', { exact: true })).toBeVisible();
  await devices.fill('2');
  await expect(page.getByText('Three at most', { exact: true })).toHaveCount(0);

  await expect(page.getByLabel('Until')).toHaveCount(0);
  await page.getByLabel('For a time').check();
  await page.getByLabel('Until').fill('2027-01-31');

  const letter = page.getByLabel('Letter', { exact: true });
  await letter.setInputFiles({ name: 'letter.png', mimeType: 'image/png', buffer: Buffer.from('png') });
  await expect(page.getByText(/choose text\/plain/)).toBeVisible();
  await letter.setInputFiles({ name: 'letter.txt', mimeType: 'text/plain', buffer: Buffer.from('Dear Grace') });
  await expect(page.getByRole('list', { name: 'Letter, files' })).toContainText('Sent');
  await page.getByLabel('The manager has agreed').check();
  await send.click();

  await expect(page).toHaveURL(/\/runs\//);
  await expectResult(page, '"Grace"', '"AT"', '"vienna"', '"Europe/Vienna"', '"count": 2', '"2027-01-31"', '"Dear Grace"', '"team": "blue"');
  expect(await page.evaluate(() => 'planted' in window)).toBe(false);
});

test('what data providers say is there at first', async ({ admin: page }) => {
  const home = { default_data_provider: 'Cities', default_data_provider_inputs: { country: { mode: 'fieldRef', field_name: 'country' } } };
  const id = await formOf(page, {
    name: 'Asked first',
    workflow: 'Filled in',
    access: 'authenticated',
    fields: [
      field('country', 'Country', 'select', { data_provider: 'Countries', default_data_provider: 'Countries' }),
      field('city', 'City', 'text', home),
      field('name', 'Name', 'text', { required: true, default_data_provider: 'Broken choices' }),
    ],
  });
  await page.goto(`/forms/${id}`);
  const city = page.getByRole('textbox', { name: /^City/ });
  await expect(page.getByRole('combobox', { name: /^Country/ })).toHaveValue('DE');
  await expect(city).toHaveValue('berlin');
  await page.getByRole('combobox', { name: /^Country/ }).selectOption({ label: 'Austria' });
  await expect(city).toHaveValue('vienna');
  await expect(page.getByText('What is here at first could not be loaded.')).toBeVisible();
  await page.getByRole('textbox', { name: 'Name' }).fill('Ada');
  await expect(page.getByText('What is here at first could not be loaded.')).toHaveCount(0);
  await page.getByRole('button', { name: 'Send' }).click();
  await expectResult(page, '"Ada"', '"AT"', '"vienna"');
});

test('a form can be sent for later', async ({ admin: page }) => {
  const id = await formOf(page, colleague);
  await page.goto(`/forms/${id}`);
  await page.getByRole('textbox', { name: 'Name of the colleague' }).fill('Later');
  await page.getByRole('combobox', { name: 'Country' }).selectOption({ label: 'Germany' });
  await page.getByLabel('The manager has agreed').check();
  await page.getByLabel('Start').selectOption('in');
  await page.getByLabel('Minutes from now').fill('0');
  await page.getByRole('button', { name: 'Send for later' }).click();
  await expect(page.getByText(/Enter whole minutes/)).toBeVisible();
  await page.getByLabel('Minutes from now').fill('90');
  await page.getByRole('button', { name: 'Send for later' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Scheduled' })).toBeVisible();
  await cancelRun(page);
});

test('a form of 50 fields answers at once', async ({ admin: page }) => {
  const fields = Array.from({ length: 50 }, (_, at) =>
    at % 5 === 4
      ? field(`f${at}`, `Field ${at}`, 'select', { options: Array.from({ length: 30 }, (_, value) => ({ label: `Option ${value}`, value })) })
      : field(`f${at}`, `Field ${at}`, at % 7 === 3 ? 'number' : 'text', {
          ...(at % 4 === 0 && at > 0 ? { visibility_expression: `!empty(fields.f${at - 1}) || fields.f0 != "hide"` } : {}),
          ...(at % 6 === 1 ? { default_expression: `"after " + coalesce(text(fields.f${at - 1}), "nothing")` } : {}),
        }),
  );
  const id = await formOf(page, { name: 'Fifty fields', workflow: 'Step by step', access: 'authenticated', fields });
  await page.goto(`/forms/${id}`);
  await page.getByRole('textbox', { name: 'Field 0 (optional)' }).click();
  await page.evaluate(() => {
    const times: number[] = [];
    Object.assign(window, { times });
    // Until what a key has changed is on the screen.
    addEventListener('input', () => {
      const begun = performance.now();
      requestAnimationFrame(() => setTimeout(() => times.push(performance.now() - begun)));
    }, { capture: true });
  });
  await page.keyboard.type('a few words that take some time', { delay: 40 });
  const times = await page.evaluate(() => (window as unknown as { times: number[] }).times);
  const [median = Infinity] = times.sort((a, b) => a - b).slice(times.length >> 1);
  expect(median).toBeLessThan(ANSWER);
});

test('forms stand in the list, in the palette, and at their workflow', async ({ admin: page }) => {
  await formOf(page, colleague);
  await page.goto('/forms?q=colleague');
  await expect(page.getByRole('link', { name: FORM, exact: true })).toBeVisible();
  await page.getByLabel('Search forms').fill('nothing like it');
  await page.getByRole('button', { name: 'Show all' }).click();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox', { name: 'Search and commands' }).fill('colleague');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: FORM })).toBeVisible();
  await page.goto('/workflows');
  await page.getByRole('link', { name: 'Filled in', exact: true }).click();
  await page.getByRole('tab', { name: 'Forms' }).click();
  await expect(page.getByRole('tabpanel', { name: 'Forms' }).getByRole('link', { name: FORM })).toBeVisible();
});

test('a form that was granted is used by whom it was granted to', async ({ admin: page, browser }) => {
  // Nobody is granted it yet.
  const name = `For some ${TRY}`;
  const email = `grantee-${TRY}@provider.example`;
  const id = await formOf(page, { name, workflow: 'Filled in', access: 'granted', fields: [field('name', 'Name', 'text', { required: true })] });
  const grantee = await joined(browser, page, { email, role: 'org_guest' });
  await grantee.goto(`/forms/${id}`);
  await expect(grantee.getByRole('alert')).toBeVisible();
  await grantee.goto('/forms');
  await expect(grantee.getByRole('heading', { level: 1, name: 'Forms' })).toBeVisible();
  await expect(grantee.getByRole('link', { name })).toHaveCount(0);

  await page.goto(`/forms/${id}/edit?tab=access`);
  await expect(page.getByText('Nobody yet')).toBeVisible();
  await page.getByRole('combobox', { name: 'Person or role' }).click();
  await page.getByRole('option', { name: email }).click();
  await page.getByRole('button', { name: 'Grant it' }).click();
  const takeBack = page.getByRole('button', { name: /^Revoke from/ });
  await expect(takeBack).toHaveCount(1);

  await grantee.reload();
  await grantee.getByRole('link', { name }).click();
  await grantee.getByRole('textbox', { name: 'Name' }).fill('Grace');
  await grantee.getByRole('button', { name: 'Send' }).click();
  await expect(grantee.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();

  await page.goto('/roles?tab=grants');
  await expect(page.getByRole('row').filter({ has: page.getByRole('link', { name }) }).filter({ hasText: 'Form' })).toBeVisible();
  await page.goto(`/forms/${id}/edit?tab=access`);
  await takeBack.click();
  await expect(page.getByText('Nobody yet')).toBeVisible();
  await grantee.goto(`/forms/${id}`);
  await expect(grantee.getByRole('alert')).toBeVisible();
  await grantee.context().close();
});
