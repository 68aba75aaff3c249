/** The parts of the builder of forms: choices, checks, names, order, copies, and the preview. */
import type { Page } from '@playwright/test';
import { field, formOf } from './forms';
import { expect, expectResult, idByName, test } from './helpers';

const listOf = (page: Page) => page.getByRole('list', { name: 'Fields' });
const previewOf = (page: Page) => page.getByRole('form', { name: 'Preview' });
const panelOf = (page: Page) => page.getByRole('tabpanel', { name: 'Fields' });

/** Opens the builder of a form, at one of its fields. */
async function build(page: Page, name: string, fields: object[], chosen: string, more: object = {}): Promise<void> {
  const id = await formOf(page, { name, workflow: 'Filled in', access: 'authenticated', fields, ...more });
  await page.goto(`/forms/${id}/edit?field=${chosen}`);
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
}

const save = async (page: Page) => {
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Not saved')).toHaveCount(0);
};

test('choices stand in the form, or come from a data provider', async ({ admin: page }) => {
  const options = [{ label: 'Red', value: 'red' }, { label: 'Blue', value: 'blue' }];
  await build(page, 'With choices', [field('name', 'Colour', 'select', { options }), field('zone', 'Zone', 'text')], 'name');
  const colour = previewOf(page).getByRole('combobox', { name: /^Colour/ });
  await page.getByRole('button', { name: 'Add an option' }).click();
  await page.getByRole('textbox', { name: 'Label of option 3' }).fill('Green');
  await page.getByRole('textbox', { name: 'Value of option 3' }).fill('green');
  await page.getByRole('button', { name: 'Move option 3 up' }).click();
  await page.getByRole('button', { name: 'Move option 2 up' }).click();
  await expect(page.getByRole('textbox', { name: 'Label of option 1' })).toHaveValue('Green');
  await expect(page.getByRole('button', { name: 'Move option 1 up' })).toBeDisabled();
  await page.getByRole('button', { name: 'Move option 1 down' }).click();
  await page.getByRole('button', { name: 'Remove option 1' }).click();
  await expect(page.getByRole('textbox', { name: /^Label of option/ })).toHaveCount(2);
  await expect(page.getByRole('textbox', { name: 'Label of option 1' })).toHaveValue('Green');
  await expect(page.getByRole('textbox', { name: 'Label of option 2' })).toHaveValue('Blue');
  await colour.selectOption({ label: 'Green' });
  await expect(colour.locator('option', { hasText: 'Red' })).toHaveCount(0);

  await page.getByRole('radio', { name: 'A data provider' }).check();
  await page.getByRole('combobox', { name: 'Data provider', exact: true }).click();
  await page.getByRole('option', { name: /^Countries/ }).click();
  await page.getByRole('button', { name: 'Fill in a field' }).click();
  await page.getByLabel('Field 1 that is filled in').selectOption({ label: 'Zone' });
  await page.getByRole('textbox', { name: 'Member of the metadata for field 1' }).fill('zone');
  await colour.selectOption({ label: 'Austria' });
  await expect(previewOf(page).getByRole('textbox', { name: /^Zone/ })).toHaveValue('Europe/Vienna');
  await save(page);
  await page.reload();
  await expect(page.getByRole('radio', { name: 'A data provider' })).toBeChecked();
  await expect(page.getByRole('combobox', { name: 'Data provider', exact: true })).toContainText('Countries');
});

test('checks count in the preview at once', async ({ admin: page }) => {
  await build(page, 'With checks', [field('count', 'Count', 'number'), field('name', 'Code', 'text')], 'count');
  const panel = panelOf(page);
  const preview = previewOf(page);
  const count = preview.getByRole('textbox', { name: /^Count/ });
  const enter = async (value: string) => {
    await count.fill(value);
    await count.blur();
  };
  await panel.getByText('Checks', { exact: true }).click();
  await panel.getByRole('textbox', { name: /^At least/ }).fill('many');
  await expect(panel.getByText('Enter a number')).toBeVisible();
  await panel.getByRole('textbox', { name: /^At least/ }).fill('2');
  await panel.getByRole('textbox', { name: /^At most/ }).fill('5');
  await enter('9');
  await expect(count).toHaveAttribute('aria-invalid', 'true');
  await enter('4');
  await expect(count).not.toHaveAttribute('aria-invalid');
  await panel.getByRole('textbox', { name: /^Must hold/ }).fill('fields.count != 4');
  await panel.getByRole('textbox', { name: /^Message when a check fails/ }).fill('Anything but four');
  await enter('4');
  await expect(preview.getByText('Anything but four')).toBeVisible();
  await enter('3');
  await expect(count).not.toHaveAttribute('aria-invalid');

  await listOf(page).getByRole('button', { name: /^Text Code/ }).click();
  await panel.getByText('Checks', { exact: true }).click();
  await panel.getByRole('textbox', { name: /^Pattern/ }).fill('^[A-Z]{2}$');
  await panel.getByRole('textbox', { name: /^Characters, at most/ }).fill('2');
  const code = preview.getByRole('textbox', { name: /^Code/ });
  await code.fill('ab');
  await code.blur();
  await expect(code).toHaveAttribute('aria-invalid', 'true');
  await code.fill('AB');
  await code.blur();
  await expect(code).not.toHaveAttribute('aria-invalid');
  await save(page);
});

test('rules follow a field under its new name', async ({ admin: page }) => {
  const rules = { visibility_expression: 'fields.count > 1', required_expression: 'fields["count"] > 2' };
  await build(page, 'With rules', [field('count', 'Count', 'number'), field('name', 'Why', 'text', rules)], 'count');
  const name = panelOf(page).getByRole('textbox', { name: 'Name', exact: true });
  await name.fill('name');
  await name.press('Enter');
  await expect(name).toHaveAttribute('aria-invalid', 'true');
  await name.fill('amount');
  await name.press('Enter');
  await listOf(page).getByRole('button', { name: /^Text Why/ }).click();
  await expect(page.getByRole('textbox', { name: 'Shown when' })).toHaveValue('fields.amount > 1');
  await expect(page.getByRole('textbox', { name: 'Required when' })).toHaveValue('fields.amount > 2');
  await previewOf(page).getByRole('textbox', { name: /^Count/ }).fill('2');
  await expect(previewOf(page).getByRole('textbox', { name: /^Why/ })).toBeVisible();
});

test('fields are moved by buttons and by the mouse, doubled and removed', async ({ admin: page }) => {
  await build(page, 'In another order', [field('name', 'First', 'text'), field('city', 'Second', 'text'), field('zone', 'Third', 'text')], 'name');
  const list = listOf(page);
  const items = list.getByRole('listitem');
  const up = list.getByRole('button', { name: 'Move Third up' });
  await up.click();
  await expect(items.nth(1)).toContainText('Third');
  await expect(up).toBeFocused();
  await list.getByRole('button', { name: 'Move First down' }).click();
  await expect(items).toContainText(['Third', 'First', 'Second']);
  await items.nth(2).dragTo(items.nth(0), { sourcePosition: { x: 10, y: 18 }, targetPosition: { x: 10, y: 2 } });
  await expect(items).toContainText(['Second', 'Third', 'First']);

  const panel = panelOf(page);
  await panel.getByRole('button', { name: 'Duplicate' }).click();
  await expect(items).toContainText(['Second', 'Third', 'First', 'First']);
  await expect(panel.getByRole('textbox', { name: 'Name', exact: true })).not.toHaveValue('name');
  await panel.getByRole('button', { name: 'Remove' }).click();
  await expect(items).toContainText(['Second', 'Third', 'First']);
  await expect(items).toHaveCount(3);
  await save(page);
});

test('the preview asks real data providers, opens with its workflow, and starts a test', async ({ admin: page }) => {
  const fields = [
    field('name', 'Name', 'text', { required: true }),
    field('country', 'Country', 'select', { data_provider: 'Countries' }),
    field('city', 'City', 'select', { data_provider: 'Cities', data_provider_inputs: { country: { mode: 'fieldRef', field_name: 'country' } } }),
    field('zone', 'Desk', 'text', { visibility_expression: '!empty(context.workflow) && context.workflow.team == "blue"' }),
  ];
  await build(page, 'Tried out', fields, '', { launch_workflow: 'Prepares a form', query_parameters: ['team'] });
  const preview = previewOf(page);
  const city = preview.getByRole('combobox', { name: /^City/ });
  await expect(city).toBeDisabled();
  await preview.getByRole('combobox', { name: /^Country/ }).selectOption({ label: 'Germany' });
  await city.selectOption({ label: 'Cologne' });

  await expect(preview.getByRole('textbox', { name: /^Desk/ })).toHaveCount(0);
  await page.getByText('Opened with').click();
  await page.getByRole('textbox', { name: /^From the link: team/ }).fill('blue');
  await page.getByRole('button', { name: 'Run the launch workflow' }).click();
  await expect(page.locator('pre').filter({ hasText: '"team": "blue"' })).toBeVisible();
  await preview.getByRole('textbox', { name: /^Desk/ }).fill('By the window');

  await preview.getByRole('button', { name: 'Test run' }).click();
  await expect(preview.getByRole('group', { name: '1 field needs your attention' })).toBeFocused();
  await preview.getByRole('textbox', { name: /^Name/ }).fill('Grace');
  await preview.getByRole('button', { name: 'Test run' }).click();
  const dialog = page.getByRole('dialog', { name: 'Start “Filled in” with this?' });
  await expect(dialog).toContainText('"city": "cologne"');
  await dialog.getByRole('button', { name: 'Start it' }).click();
  const opened = page.context().waitForEvent('page');
  await preview.getByRole('link', { name: 'see the run' }).click();
  const run = await opened;
  await expectResult(run, '"Grace"', '"cologne"', '"By the window"');
});

test('a form of the workspace is changed in a copy', async ({ admin: page }) => {
  const id = await idByName(page, 'forms', 'Of the workspace');
  await page.goto(`/forms/${id}/edit`);
  await expect(page.getByText('It stands in the workspace, as forms/ui_form.yaml')).toBeVisible();
  await page.getByRole('link', { name: 'Make a copy' }).click();
  const name = panelOf(page).getByRole('textbox', { name: 'Name', exact: true });
  await expect(name).toHaveValue('Of the workspace (copy)');
  await previewOf(page).getByRole('combobox', { name: /^Country/ }).selectOption({ label: 'Austria' });
  await name.fill('No longer of the workspace');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page).toHaveURL(/\/forms\/[\da-f-]{36}\/edit/);
  expect(page.url()).not.toContain(id);
  await page.goto('/forms');
  await expect(page.getByRole('link', { name: 'Of the workspace', exact: true })).toBeVisible();
  await expect(page.getByRole('link', { name: 'No longer of the workspace', exact: true })).toBeVisible();
});
