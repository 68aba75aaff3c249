/** What is live and what is limited: a connection that breaks, the line before the workers, limits. */
import type { Page } from '@playwright/test';
import { api, execute, expect, test } from './helpers';

/** So many rows of a log fit before and after the middle. */
const STEPS = 70;

test('updates go on after the connection broke, and no line is lost or doubled', async ({ admin: page }) => {
  let isDown = false;
  let cut = async (): Promise<void> => {};
  await page.routeWebSocket(/\/ws\/connect/, async (socket) => {
    if (isDown) return socket.close({ code: 1011 });
    const server = socket.connectToServer();
    cut = async () => {
      await server.close();
      await socket.close({ code: 1011 });
    };
  });
  const id = await execute(page, 'Step by step', { steps: STEPS, pause: 0.3 });
  const written = async () => (await api<{ logs: unknown[] }>(page, 'GET', `/api/executions/${id}/logs?limit=1000`)).logs.length;
  await page.goto(`/runs/${id}`);
  const log = page.getByRole('region', { name: 'Log lines' });
  const offline = page.getByRole('status').filter({ hasText: 'Offline' });
  await expect(log).toContainText(/Step \d+ of/);
  await expect(offline).toHaveCount(0);

  isDown = true;
  await cut();
  await expect(offline).toBeVisible();
  const before = await written();
  await expect.poll(written).toBeGreaterThan(before + 5);
  isDown = false;
  await expect(offline).toHaveCount(0);
  await expect(page.getByRole('status').filter({ hasText: 'Running' })).toBeVisible();
  await expect(page.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible({ timeout: 45_000 });

  await page.getByRole('tab', { name: 'Log' }).click();
  await expect(page.getByText(`${STEPS} lines`, { exact: true })).toBeVisible();
  const seen = new Set<string>();
  const collect = async () => {
    const texts = await log.getByText(new RegExp(`^Step \\d+ of ${STEPS}$`)).allInnerTexts();
    expect(new Set(texts).size).toBe(texts.length);
    for (const text of texts) seen.add(text);
  };
  await log.focus();
  await page.keyboard.press('Home');
  await expect(log.getByRole('link', { name: 'Line 1', exact: true })).toBeVisible();
  await collect();
  await page.keyboard.press('End');
  await expect(log.getByRole('link', { name: `Line ${STEPS}`, exact: true })).toBeVisible();
  await collect();
  expect([...seen].sort()).toEqual(Array.from({ length: STEPS }, (_, at) => `Step ${at + 1} of ${STEPS}`).sort());
});

/** Does something while the provider's organization has other limits. */
async function within(page: Page, limits: Record<string, number>, act: () => Promise<void>): Promise<void> {
  const { organization_id: id } = await api<{ organization_id: string }>(page, 'GET', '/api/me');
  const path = `/api/organizations/${id}`;
  const { limits: all } = await api<{ limits: Record<string, number> }>(page, 'GET', path);
  await api(page, 'PATCH', path, { limits });
  try {
    await act();
  } finally {
    await api(page, 'PATCH', path, { limits: Object.fromEntries(Object.keys(limits).map((name) => [name, all[name]])) });
  }
}

test('a run that waits knows its place in the line', async ({ admin: page }) => {
  await within(page, { concurrent_runs: 1 }, async () => {
    const first = await execute(page, 'Step by step', { steps: 600 });
    await page.goto(`/runs/${first}`);
    await expect(page.getByRole('status').filter({ hasText: 'Running' })).toBeVisible();
    const second = await execute(page, 'Step by step', { steps: 600 });
    const third = await execute(page, 'hello', {});
    await page.goto(`/runs/${third}`);
    const summary = page.getByRole('region', { name: 'Summary' });
    await expect(page.getByRole('status').filter({ hasText: 'Waiting to start' })).toBeVisible();
    await expect(summary).toContainText('2nd in the queue');
    await api(page, 'POST', `/api/executions/${first}/cancel`);
    await expect(summary).toContainText('1st in the queue');
    await api(page, 'POST', `/api/executions/${second}/cancel`);
    await expect(page.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();
    await expect(summary).not.toContainText('in the queue');
  });
});

test('a run stands beside its limits, and says which of them ended it', async ({ admin: page }) => {
  const summary = page.getByRole('region', { name: 'Summary' });
  const error = page.getByRole('region', { name: 'Error' });
  await within(page, { log_bytes: 10_240 }, async () => {
    const id = await execute(page, 'Long log', { lines: 5_000 }, { sync: true });
    await page.goto(`/runs/${id}`);
    await expect(page.getByRole('status').filter({ hasText: 'Failed' })).toBeVisible();
    await expect(error).toContainText('limit_exceeded:log_bytes');
    await expect(error).toContainText('An administrator can raise this limit of the organization.');
    await expect(summary).toContainText('of 10 KiB');
    await expect(summary).toContainText('of 256 MiB');
    await expect(summary).toContainText('of 1,000');
  });
  await within(page, { wall_ms: 1_000 }, async () => {
    const id = await execute(page, 'Step by step', { steps: 600 }, { sync: true });
    await page.goto(`/runs/${id}`);
    await expect(page.getByRole('status').filter({ hasText: 'Timed out' })).toBeVisible();
    await expect(error).toContainText('limit_exceeded:wall_ms');
    await expect(summary).toContainText('of 1.0 s');
  });
});
