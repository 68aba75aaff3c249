/** The first hour, on a server with nothing on it: from the address that the first start prints to a
 *  deployed, scheduled workflow with a form. Controls are found by their role and label only, no
 *  address is typed after the first, and every press of the mouse counts. */
import { join } from 'node:path';
import type { BrowserContext, Locator } from '@playwright/test';
import { expect, fillInAdmin, test as base, watch } from './helpers';
import { look } from './screens';
import { startServer, type Server } from './server';

/** The most clicks that it may take. */
const MOST_CLICKS = 25;

const PATH = 'workflows/welcome.py';

const CODE = `from bifrost import workflow


@workflow(category="People")
async def welcome(name: str = "world") -> dict[str, str]:
    """Welcomes a new colleague."""
    return {"greeting": f"Welcome, {name}!"}
`;

const test = base.extend<{ fresh: Server }>({
  fresh: [
    async ({}, use) => {
      const fresh = await startServer({ cache: join(process.env.UI_DATA ?? '', 'cache') });
      await use(fresh);
      await fresh.stop();
    },
    { timeout: 200_000 },
  ],
});

/** Looks at what a server without anything shows, beside the flow. */
async function emptyScreens(context: BrowserContext, url: string): Promise<void> {
  const page = await context.newPage();
  watch(page);
  for (const [name, path, heading] of [
    ['home', '/', /^Hello/],
    ['workflows', '/workflows', 'Workflows'],
    ['forms', '/forms', 'Forms'],
    ['runs', '/runs', 'Runs'],
    ['code', '/code', /./],
  ] as const) {
    await page.goto(`${url}${path}`);
    await expect(page.getByRole('heading', { level: 1, name: heading })).toBeVisible();
    await page.waitForLoadState('networkidle');
    await look(page, `${name}-empty`);
  }
  await page.close();
}

test('from the printed address to a scheduled workflow with a form', async ({ fresh, browser }) => {
  test.setTimeout(240_000);
  const context = await browser.newContext();
  const page = await context.newPage();
  watch(page);
  let clicks = 0;
  const click = async (control: Locator) => {
    clicks += 1;
    await control.click();
  };
  const button = (name: string) => page.getByRole('button', { name, exact: true });
  const link = (name: string) => page.getByRole('link', { name, exact: true });
  const place = (name: string) => page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name, exact: true });

  await page.goto(fresh.setUp);
  await fillInAdmin(page);
  await click(button('Create the administrator'));
  await expect(page.getByRole('heading', { name: 'Hello, Ada' })).toBeVisible();

  await emptyScreens(context, fresh.url);

  // What is empty leads to where it is filled.
  await click(link('Write a workflow'));
  await click(button('Write the first workflow'));
  await page.getByLabel('Path').fill(PATH);
  await click(button('Create'));
  await click(page.getByRole('textbox', { name: PATH, exact: true }));
  await page.keyboard.press('Control+a');
  await page.keyboard.press('Delete');
  await page.keyboard.insertText(CODE);
  await expect(page.getByRole('region', { name: 'Problems' }).getByRole('status')).toHaveText('Built');
  await expect(page.getByText('No problems')).toBeVisible();

  await click(button('Deploy…'));
  await click(page.getByRole('dialog').getByRole('button', { name: 'Deploy', exact: true }));
  const result = page.getByRole('dialog', { name: 'Version 1 is active' });
  await click(result.getByRole('region', { name: 'New workflows' }).getByRole('link', { name: 'welcome', exact: true }));
  await expect(page.getByRole('heading', { level: 1, name: 'welcome' })).toBeVisible();

  await click(page.getByRole('tab', { name: 'Schedules' }));
  await click(link('New schedule'));
  const schedule = page.getByRole('dialog', { name: 'New schedule' });
  await click(schedule.getByRole('button', { name: 'Weekdays at 9' }));
  await expect(schedule.getByRole('region', { name: 'Next times' }).getByRole('listitem')).toHaveCount(5);
  await schedule.getByRole('group', { name: 'Parameters' }).getByLabel('Name').fill('everybody');
  await click(schedule.getByRole('button', { name: 'Save' }));
  const row = page.getByRole('table', { name: 'Schedules' }).getByRole('row').filter({ hasText: 'welcome' });
  const next = await row.getByRole('time').getAttribute('datetime');
  expect(Date.parse(next ?? ''), 'the next run is still to come').toBeGreaterThan(Date.now());

  await click(place('Workflows'));
  await click(link('welcome'));
  await click(page.getByRole('tab', { name: 'Forms' }));
  await click(link('New form'));
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('New colleague');
  await click(button('Add it'));
  await click(button('Save'));
  await expect(page.getByText('Not saved')).toHaveCount(0);

  await click(place('Forms'));
  await click(link('New colleague'));
  await page.getByRole('textbox', { name: /^Name/ }).fill('Grace');
  await click(button('Send'));
  await expect(page.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();
  await expect(page.getByText('Welcome, Grace!')).toBeVisible();

  expect(clicks, 'clicks').toBeLessThanOrEqual(MOST_CLICKS);
  await context.close();
});
