/** Tables and their documents. */
import { api, bifrost, expect, idByName, test } from './helpers';
import { expectScreens, look } from './screens';

test('documents are inserted, found, changed and deleted', async ({ admin: page }) => {
  await page.goto('/tables');
  await page.getByRole('button', { name: 'New table' }).first().click();
  await page.getByLabel('Name').fill('orders');
  await page.getByRole('button', { name: 'Add a schema' }).click();
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'orders' })).toBeVisible();
  const { pathname } = new globalThis.URL(page.url());
  const content = page.getByRole('textbox', { name: 'Content' });
  const insert = async (id: string, data: object) => {
    await page.getByRole('button', { name: 'New document' }).click();
    await page.getByLabel('Id').fill(id);
    await content.fill(JSON.stringify(data));
    await page.getByRole('button', { name: 'Insert', exact: true }).click();
  };
  await insert('1', { status: 'lost' });
  await expect(page.getByText('status: This value is none of those')).toBeVisible();
  await page.keyboard.press('Escape');
  await insert('1', { status: 'open', seats: 3, address: { city: 'Bern' } });
  await expect(page.getByRole('link', { name: '1', exact: true })).toBeVisible();
  for (let number = 2; number <= 60; number += 1) {
    await api(page, 'POST', '/api/tables/orders/documents', { id: String(number), data: { status: number % 2 === 0 ? 'done' : 'open', seats: number } });
  }
  await page.reload();
  await expect(page.getByText('1 to 50 of 60')).toBeVisible();
  await page.getByRole('button', { name: 'Next' }).click();
  await expect(page).toHaveURL(/offset=50/);
  await expect(page.getByText('51 to 60 of 60')).toBeVisible();
  await page.getByRole('button', { name: 'seats' }).click();
  await expect(page).toHaveURL(/sort=-seats/);
  await expect(page.getByRole('row').nth(1)).toContainText('60');

  await page.getByRole('button', { name: 'Filter' }).click();
  await page.getByLabel('Field, condition 1').fill('status');
  await page.getByLabel('Value, condition 1').fill('open');
  await page.getByRole('button', { name: 'And' }).click();
  await page.getByLabel('Field, condition 2').fill('seats');
  await page.getByLabel('Operator, condition 2').selectOption({ label: 'is at least' });
  await page.getByLabel('Value, condition 2').fill('50');
  await page.getByRole('button', { name: 'Apply' }).click();
  await expect(page.getByText('1 to 5 of 5')).toBeVisible();
  await look(page, 'table-filter');
  await page.reload();
  await expect(page.getByLabel('Operator, condition 2')).toHaveValue('gte');
  await page.getByRole('button', { name: 'Clear' }).click();

  await page.goto(`${pathname}?edit=id:1`);
  await expect(content).toContainText('Bern');
  await content.fill('{"status": "open", "seats": 4}');
  // Somebody else is faster.
  await api(page, 'PATCH', '/api/tables/orders/documents/1', { data: { seats: 9 } });
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('in between');
  await page.keyboard.press('Escape');
  await page.getByRole('link', { name: '1', exact: true }).click();
  await expect(content).toContainText('9');
  await content.fill('{"status": "open", "seats": 4}');
  await page.getByRole('button', { name: 'Save', exact: true }).click();
  await expect(page.getByText('The document is saved', { exact: true })).toBeVisible();
  expect(await api(page, 'GET', '/api/tables/orders/documents/1')).toMatchObject({ data: { status: 'open', seats: 4 } });
  await page.getByRole('link', { name: '1', exact: true }).click();
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('dialog', { name: 'Delete “1”?' }).getByRole('button', { name: 'Delete' }).click();
  await expect(page.getByText('1 to 50 of 59')).toBeVisible();
});

test('a table of several pages has a schema, and is deleted', async ({ admin: page }) => {
  const { id } = await api<{ id: string }>(page, 'POST', '/api/tables', { name: 'parts' });
  for (let number = 1; number <= 101; number += 1) {
    await api(page, 'POST', '/api/tables/parts/documents', { id: String(number), data: { price: number } });
  }
  await page.goto(`/tables/${id}`);
  const pages = page.getByRole('navigation', { name: 'Pages' });
  await expect(pages).toContainText('1 to 50 of 101');
  await expect(pages.getByRole('button', { name: 'Previous' })).toHaveCount(0);
  await pages.getByRole('button', { name: 'Next' }).click();
  await pages.getByRole('button', { name: 'Next' }).click();
  await expect(pages).toContainText('101 to 101 of 101');
  await expect(pages.getByRole('button', { name: 'Next' })).toHaveCount(0);
  await expect(page.getByRole('row')).toHaveCount(2);
  await pages.getByRole('button', { name: 'Previous' }).click();
  await expect(page).toHaveURL(/offset=50/);

  await page.getByRole('tab', { name: 'Schema and settings' }).click();
  await page.getByLabel('Description').fill('What things are made of');
  await page.getByRole('button', { name: 'Start with an example' }).click();
  const schema = page.getByRole('textbox', { name: 'Schema' });
  await expect(schema).toContainText('"enum"');
  const save = async (text: string) => {
    await schema.fill(text);
    await page.getByRole('button', { name: 'Save', exact: true }).click();
  };
  await save('{"type": ');
  await expect(page.getByText(/^This is not JSON/)).toBeVisible();
  await expect(page.getByText('“parts” is saved', { exact: true })).toHaveCount(0);
  await save('{"type": "object", "properties": {"price": {"type": "number"}}, "required": ["price"]}');
  await expect(page.getByText('“parts” is saved', { exact: true })).toBeVisible();
  await expect(page.getByText('What things are made of').first()).toBeVisible();
  await page.reload();
  await expect(schema).toContainText('"price"');
  await page.getByRole('button', { name: 'New document' }).click();
  await page.getByLabel('Id').fill('much');
  await page.getByRole('textbox', { name: 'Content' }).fill('{"price": "much"}');
  await page.getByRole('button', { name: 'Insert', exact: true }).click();
  await expect(page.getByRole('dialog').getByText(/price/).first()).toBeVisible();
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');

  await page.getByRole('tab', { name: 'Schema and settings' }).click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Delete “parts”?' });
  await expect(dialog).toContainText('101 documents');
  await expect(dialog.getByRole('button', { name: 'Delete' })).toBeDisabled();
  await dialog.getByLabel('Type “parts” to go on').fill('parts');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await expect(page).toHaveURL(/\/tables$/);
  await expect(page.getByRole('link', { name: 'parts', exact: true })).toHaveCount(0);
});

test('these screens are accessible', async ({ admin: page, browser }) => {
  const path = `/tables/${await idByName(page, 'tables', 'orders')}`;
  await expectScreens(browser, [
    { name: 'tables', path: '/tables' },
    { name: 'table', path },
    { name: 'table-document', path: `${path}?edit=id:2` },
    { name: 'table-settings', path: `${path}?tab=settings` },
  ]);
});

test('the command line sees what was done here', () => {
  expect(bifrost('tables')).toContain('orders');
});
