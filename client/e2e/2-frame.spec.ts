/** What surrounds every screen: the theme, the navigation of a phone, and the way by the keyboard alone. */
import type { Locator, Page } from '@playwright/test';
import { execute, expect, resultOf, test } from './helpers';
import { field, formOf } from './forms';

const PHONE = { width: 390, height: 844 };

/** The most stops between two controls. */
const MOST_STOPS = 60;

const isFocused = (control: Locator) => control.evaluate((element) => element === document.activeElement);

/** Goes on by the Tab key until a control has the focus. */
async function tabTo(page: Page, control: Locator): Promise<void> {
  for (let stop = 0; stop < MOST_STOPS && !(await isFocused(control)); stop += 1) await page.keyboard.press('Tab');
  await expect(control).toBeFocused();
}

test('a page asks for nothing that came with it', async ({ admin: page }) => {
  const run = await execute(page, 'License reconciliation', {}, { sync: true });
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url().replace(/^.*?:\/\/[^/]+/, '')));
  for (const [path, own] of [
    ['/workflows', '/api/workflows'],
    [`/runs/${run}`, `/api/executions/${run}`],
  ] as const) {
    asked.length = 0;
    await page.goto(path);
    await expect(page.getByRole('button', { name: /^Notifications/ })).toBeVisible();
    const carried = await page.evaluate(() => {
      const text = document.getElementById('carried')?.textContent ?? '';
      return Object.keys((JSON.parse(text) as { answers: object }).answers);
    });
    expect(carried).toEqual(expect.arrayContaining(['/api/me', '/api/branding', own]));
    expect(asked.filter((one) => carried.includes(one))).toEqual([]);
    expect(asked).toContain('/api/organizations');
  }
});

test('a run that is not there is asked for once, and nothing of it', async ({ admin: page }) => {
  const missing = '/api/executions/00000000-0000-7000-8000-000000000000';
  const asked: string[] = [];
  page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await page.goto('/runs');
  // Within the page, and not with a document that carries the refusal.
  await page.evaluate(() => history.pushState({}, '', '/runs/00000000-0000-7000-8000-000000000000'));
  await expect(page.getByRole('alert')).toBeVisible();
  expect(asked.filter((path) => path.startsWith(missing))).toEqual([missing]);
});

test('a theme is chosen, and kept', async ({ admin: page }) => {
  const themeIs = (theme: string) => expect(page.locator('html')).toHaveAttribute('data-theme', theme);
  const choose = async (name: string) => {
    await page.getByRole('button', { name: /^Theme: / }).click();
    await page.getByRole('menuitemcheckbox', { name }).click();
    await expect(page.getByRole('button', { name: `Theme: ${name}` })).toBeVisible();
  };
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto('/');
  await themeIs('light');
  await choose('Dark');
  await themeIs('dark');
  await page.reload();
  await themeIs('dark');
  await page.getByRole('button', { name: 'Theme: Dark' }).click();
  await expect(page.getByRole('menuitemcheckbox', { name: 'Dark' })).toHaveAttribute('aria-checked', 'true');
  await page.keyboard.press('Escape');

  await choose('Light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.reload();
  await themeIs('light');

  // As the system has it, also when that changes meanwhile.
  await choose('As the system');
  await themeIs('dark');
  await page.reload();
  await themeIs('dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await themeIs('light');
});

test('the navigation of a phone is a drawer', async ({ admin: page }) => {
  await page.setViewportSize(PHONE);
  await page.goto('/');
  const opener = page.getByRole('button', { name: 'Open the navigation' });
  await expect(page.getByRole('navigation', { name: 'Main' })).toHaveCount(0);
  await opener.click();
  const drawer = page.getByRole('dialog', { name: 'Navigation' });
  await drawer.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Runs' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Runs' })).toBeVisible();
  await expect(drawer).toHaveCount(0);
  await opener.click();
  await expect(drawer.getByRole('link', { name: 'Runs' })).toHaveAttribute('aria-current', 'page');
  await page.keyboard.press('Escape');
  await expect(drawer).toHaveCount(0);
  await expect(opener).toBeFocused();
});

test('who uses the keyboard alone gets to the content, and anywhere by the palette', async ({ admin: page }) => {
  await page.goto('/workflows');
  await expect(page.getByRole('heading', { level: 1, name: 'Workflows' })).toBeVisible();
  await page.keyboard.press('Tab');
  const skip = page.getByRole('link', { name: 'To the content' });
  await expect(skip).toBeFocused();
  await expect(skip).toBeInViewport();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('main')).toBeFocused();
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.closest('main') !== null)).toBe(true);

  const held = page.getByRole('searchbox').or(page.getByRole('textbox')).first();
  await tabTo(page, held);
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog', { name: 'Search and commands' });
  await expect(palette.getByRole('combobox', { name: 'Search and commands' })).toBeFocused();
  await page.keyboard.type('nothing like it');
  await expect(palette.getByText('Nothing fits.')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(palette).toHaveCount(0);
  await expect(held).toBeFocused();
  await page.keyboard.press('Control+k');
  await page.keyboard.type('schedules');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1, name: 'Schedules' })).toBeVisible();
});

test('a dialog gives the focus back', async ({ admin: page }) => {
  await page.goto('/keys');
  const opener = page.getByRole('button', { name: 'New key' }).first();
  await tabTo(page, opener);
  await page.keyboard.press('Enter');
  const dialog = page.getByRole('dialog', { name: 'New key' });
  await expect(dialog.getByRole('textbox', { name: 'Name' })).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(dialog).toHaveCount(0);
  await expect(opener).toBeFocused();
});

test('a form is filled in by the keyboard alone', async ({ admin: page }) => {
  const id = await formOf(page, {
    name: 'By keys',
    workflow: 'All fields',
    access: 'authenticated',
    fields: [
      field('text', 'Text', 'text', { required: true }),
      field('shape', 'Shape', 'radio', { options: ['round', 'square'] }),
      field('names', 'Names', 'multi_select', { options: ['Ada', 'Grace'] }),
      field('loud', 'Loud', 'checkbox', { default_value: true }),
    ],
  });
  await page.goto(`/forms/${id}`);
  await tabTo(page, page.getByRole('textbox', { name: 'Text' }));
  await page.keyboard.type('By hand');
  await tabTo(page, page.getByRole('radio', { name: 'round' }));
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('radio', { name: 'square' })).toBeChecked();
  await tabTo(page, page.getByRole('checkbox', { name: 'Grace' }));
  await page.keyboard.press('Space');
  await tabTo(page, page.getByRole('checkbox', { name: 'Loud' }));
  await page.keyboard.press('Space');
  await tabTo(page, page.getByRole('button', { name: 'Send' }));
  await page.keyboard.press('Enter');
  expect(await resultOf(page)).toMatchObject({ text: 'By hand', shape: 'square', names: ['Grace'], loud: false });
});
