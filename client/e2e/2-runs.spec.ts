/** Forms, live logs, failures, repetition, and what a run's page can do with its log and its result. */
import { readFile } from 'node:fs/promises';
import type { Locator, Page } from '@playwright/test';
import { cancelRun, execute, expect, expectResult, openWorkflow, test } from './helpers';

/** Ninety-five of a hundred frames take at most so long while a long log is scrolled, in milliseconds. */
const FRAME = 100;

test('a form has a field for each type, and says what is wrong', async ({ admin: page }) => {
  await openWorkflow(page, 'All fields');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByText('Text is needed.')).toBeVisible();
  await page.getByRole('textbox', { name: /^Text/ }).fill('a');
  await page.getByRole('textbox', { name: /^Count/ }).fill('many');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByText('Enter a whole number')).toBeVisible();
  await page.getByRole('textbox', { name: /^Count/ }).fill('7');
  await page.getByRole('textbox', { name: /^Share/ }).fill('0.25');
  await page.getByLabel('Loud').uncheck();
  await page.getByRole('textbox', { name: /^Names/ }).fill('Ada\nGrace');
  await page.getByRole('textbox', { name: /^More/ }).fill('{"a": 1}');
  await page.getByLabel('Shape').selectOption({ label: 'square' });
  await expect(page.getByText('--param count=7')).toBeVisible();
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expectResult(page, '"count": 7', '"share": 0.25', '"loud": false', '"Grace"', '"a": 1', '"square"');
});

test('a run is followed from its first line to its result', async ({ admin: page }) => {
  await openWorkflow(page, 'Step by step');
  await page.getByLabel('Steps').fill('12');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const log = page.getByRole('region', { name: 'Log lines' });
  await expect(log).toContainText('Step 1 of 12');
  await expect(log).not.toContainText('Step 12 of 12');
  await expect(page.getByRole('status').filter({ hasText: 'Running' })).toBeVisible();
  // What the connection loses comes once it is there again, and no line twice.
  await page.context().setOffline(true);
  await page.waitForTimeout(600);
  await page.context().setOffline(false);
  await expect(page.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();
  await page.getByRole('tab', { name: 'Log' }).click();
  await expect(page.getByText('12 lines')).toBeVisible();
  await page.getByLabel('Search the log').fill('Step 7');
  await expect(page.getByText('1 of 12 lines')).toBeVisible();
  await page.getByRole('link', { name: 'Line 7' }).click();
  await expect(page).toHaveURL(/line=7/);
});

test('a failure shows its error, its code and its variables', async ({ admin: page }) => {
  await openWorkflow(page, 'Fails');
  await page.getByLabel('Customer').fill('Initech');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  const error = page.getByRole('region', { name: 'Error' });
  await expect(error).toContainText('no contract of Initech');
  await page.getByRole('tab', { name: 'Variables' }).click();
  await expect(page.getByText('Initech').first()).toBeVisible();
  await page.getByRole('tab', { name: 'Calls' }).click();
  await expect(page.getByText('It made no HTTP calls')).toBeVisible();
  const failed = page.url();
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('menuitem', { name: 'Edit the input and run' }).click();
  await expect(page.getByLabel('Customer')).toHaveValue('Initech');
  await page.getByLabel('Customer').fill('Hooli');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('region', { name: 'Error' })).toContainText('no contract of Hooli');
  // Of this run, and not of the one that was looked at before.
  await page.getByRole('link', { name: 'Repeats another run' }).click();
  await expect(page).toHaveURL(failed.replace(/\?.*$/, ''));
  await expect(page.getByRole('region', { name: 'Error' })).toContainText('no contract of Initech');
  await page.goBack();
  await expect(page.getByRole('region', { name: 'Error' })).toContainText('no contract of Hooli');
  await page.getByRole('region', { name: 'Error' }).getByRole('link').last().click();
  await expect(page).toHaveURL(/\/code\?path=workflows(%2F|\/)ui_cases.py&line=\d+&version=[\da-f-]{36}/);
  await expect(page.getByRole('textbox', { name: 'workflows/ui_cases.py' })).toContainText('raise LookupError');
});

test('a page that a run returned is shown in whole, also in a narrower window', async ({ admin: page }) => {
  await page.goto(`/runs/${await execute(page, 'License reconciliation', { format: 'html' }, { sync: true })}`);
  const frame = page.frameLocator('iframe[title="Result"]');
  await expect(frame.getByRole('table').first()).toBeVisible();
  const root = frame.locator('html');
  const heights: number[] = [];
  for (const width of [1_440, 390, 1_440]) {
    await page.setViewportSize({ width, height: 900 });
    // Its frame follows: no part is hidden below, and there is no room for more.
    const fits = () => root.evaluate((html) => [html.scrollHeight - html.clientHeight, html.clientHeight - Math.ceil(html.getBoundingClientRect().height)]);
    await expect.poll(fits, { message: `at ${width} pixels` }).toEqual([0, 0]);
    heights.push(await root.evaluate((html) => html.clientHeight));
  }
  expect(heights[1]).toBeGreaterThan(heights[0] ?? 0);
  expect(heights[2]).toBe(heights[0]);
});

test('a run can be cancelled, after a question', async ({ admin: page }) => {
  await openWorkflow(page, 'Step by step');
  await page.getByLabel('Steps').fill('600');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Running' })).toBeVisible();
  await cancelRun(page);
});

test('a run can wait for its time', async ({ admin: page }) => {
  await openWorkflow(page, 'hello');
  await page.getByRole('button', { name: 'Later…' }).click();
  await page.getByRole('button', { name: 'Schedule run' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Scheduled' })).toBeVisible();
  await cancelRun(page);
});

/** How long frames take while the wheel turns over a log, in milliseconds, the shortest first. */
async function frames(page: Page, box: Locator): Promise<number[]> {
  await box.hover();
  let measures = true;
  const measured = page
    .evaluate(
      () =>
        new Promise<number[]>((resolve) => {
          const times: number[] = [];
          let last: number | undefined;
          const frame = (now: number) => {
            if (last !== undefined) times.push(now - last);
            last = now;
            if (times.length < 120) requestAnimationFrame(frame);
            else resolve(times);
          };
          requestAnimationFrame(frame);
        }),
    )
    .finally(() => {
      measures = false;
    });
  while (measures) await page.mouse.wheel(0, 1_000);
  return (await measured).sort((a, b) => a - b);
}

test('a hundred thousand lines can be scrolled without a hitch, and searched', async ({ admin: page }) => {
  test.setTimeout(300_000);
  await openWorkflow(page, 'Long log');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible({ timeout: 180_000 });
  await page.getByRole('tab', { name: 'Log' }).click();
  await expect(page.getByText('100,000 lines')).toBeVisible({ timeout: 60_000 });
  const box = page.getByRole('region', { name: 'Log lines' });
  // Rows on the screen are all that exist.
  const count = await box.getByRole('link').count();
  expect(count).toBeLessThan(200);
  await box.focus();
  await page.keyboard.press('Home');
  await expect(box.getByRole('link', { name: 'Line 1', exact: true })).toBeVisible();
  const times = await frames(page, box);
  expect(await box.evaluate((element) => element.scrollTop)).toBeGreaterThan(10_000);
  expect(times[Math.floor(times.length * 0.95)]).toBeLessThan(FRAME);
  await box.focus();
  await page.keyboard.press('End');
  await expect(box.getByRole('link', { name: 'Line 100000', exact: true })).toBeVisible();
  await page.getByLabel('Search the log').fill('line 5555');
  await expect(page.getByText('11 of 100,000 lines')).toBeVisible();
  const [url] = page.url().split('?');
  await page.goto(`${url ?? ''}?tab=log&line=77777`);
  await expect(box.getByRole('link', { name: 'Line 77777', exact: true })).toBeVisible({ timeout: 60_000 });
});

const logLines = (page: Page): Locator => page.getByRole('region', { name: 'Log lines' });

/** How many lines the page says that there are. */
async function shownLines(page: Page): Promise<number> {
  const text = await page.getByRole('status').filter({ hasText: /lines$/ }).innerText();
  return Number(/([\d,]+) lines$/.exec(text)?.[1]?.replaceAll(',', ''));
}

/** What a press of an item of “More” saves. */
async function saved(page: Page, item: string): Promise<{ name: string; text: string }> {
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'More', exact: true }).click();
  await page.getByRole('menuitem', { name: item }).click();
  const file = await download;
  return { name: file.suggestedFilename(), text: await readFile(await file.path(), 'utf8') };
}

test('a log is filtered by level, wrapped and saved, and a list is a table', async ({ admin: page }) => {
  const id = await execute(page, 'Every level', {}, { sync: true });
  await page.goto(`/runs/${id}?tab=log`);
  await expect(page.getByText('4 lines', { exact: true })).toBeVisible();
  await page.getByLabel('Level').selectOption({ label: 'Warnings and up' });
  await expect(page).toHaveURL(/level=WARNING/);
  await expect(page.getByText('2 of 4 lines')).toBeVisible();
  await expect(logLines(page)).not.toContainText('a quiet line');
  await page.getByLabel('Level').selectOption({ label: 'Errors' });
  await expect(page.getByText('1 of 4 lines')).toBeVisible();
  await expect(logLines(page)).toContainText('a line to worry about');
  await page.getByLabel('Level').selectOption({ label: 'All levels' });
  await expect(page).not.toHaveURL(/level=/);

  const tooWide = () => logLines(page).evaluate((element) => element.scrollWidth > element.clientWidth);
  const wrap = page.getByRole('button', { name: 'Wrap long lines' });
  await expect(wrap).toHaveAttribute('aria-pressed', 'false');
  await expect.poll(tooWide).toBe(true);
  await wrap.click();
  await expect(wrap).toHaveAttribute('aria-pressed', 'true');
  await expect.poll(tooWide).toBe(false);

  const log = await saved(page, 'Download the log');
  expect(log.name).toBe(`Every-level-${id.slice(0, 8)}.log`);
  expect(log.text.trimEnd().split('\n')).toHaveLength(4);
  expect(log.text).toMatch(/WARNING .*a line to look at/);
  const result = await saved(page, 'Download the result');
  expect(result.name).toBe(`Every-level-${id.slice(0, 8)}.json`);
  expect(JSON.parse(result.text)).toEqual([
    { name: 'Ada', open_tickets: 2 },
    { name: 'Grace', open_tickets: 1 },
  ]);

  await page.getByRole('tab', { name: 'Result' }).click();
  await expect(page.getByRole('button', { name: 'Table', exact: true })).toHaveAttribute('aria-pressed', 'true');
  const table = page.getByRole('region', { name: 'Result', exact: true });
  await expect(table.getByRole('columnheader')).toHaveText(['Name', 'Open tickets']);
  await expect(table.getByRole('row').nth(2)).toContainText('Grace');

  await page.getByRole('button', { name: 'Run again' }).click();
  await expect(page.getByRole('link', { name: 'Repeats another run' })).toBeVisible();
  await expect(page.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();
  expect(page.url()).not.toContain(id);
});

test('a log is followed until somebody goes up, and again when asked', async ({ admin: page }) => {
  const id = await execute(page, 'Step by step', { steps: 300, pause: 0.05 });
  await page.goto(`/runs/${id}`);
  const follow = page.getByRole('button', { name: 'Follow' });
  const box = logLines(page);
  const fromEnd = () => box.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight);
  await expect(follow).toHaveAttribute('aria-pressed', 'true');
  await expect.poll(() => shownLines(page)).toBeGreaterThan(40);
  await expect.poll(fromEnd).toBeLessThan(24);
  await box.focus();
  await page.keyboard.press('Home');
  await expect(follow).toHaveAttribute('aria-pressed', 'false');
  const before = await shownLines(page);
  await expect.poll(() => shownLines(page)).toBeGreaterThan(before + 10);
  await expect(box.getByRole('link', { name: 'Line 1', exact: true })).toBeVisible();
  await follow.click();
  await expect(follow).toHaveAttribute('aria-pressed', 'true');
  await expect.poll(fromEnd).toBeLessThan(24);
  await cancelRun(page);
});
