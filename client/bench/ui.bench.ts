/** What people wait for: the first line of a log, and the answer of a large form. */
import { expect, type Page } from '@playwright/test';
import { api, workflowIds } from '../e2e/helpers';
import { detail, figure, percentile, samples } from './figures';
import { test } from './session';

/** Samples at the beginning that count nothing: caches are cold. */
const COLD = 3;

/** Milliseconds from when a workflow prints its first line until that is painted on the run's page. */
async function firstLine(page: Page, workflow: string, count: number): Promise<number[]> {
  const id = (await workflowIds(page))[workflow] ?? '';
  const times: number[] = [];
  for (let sample = 0; sample < COLD + count; sample += 1) {
    await page.goto(`/workflows/${id}`);
    const run = page.getByRole('button', { name: 'Run', exact: true });
    await expect(run).toBeVisible();
    await page.waitForLoadState('networkidle');
    await page.evaluate(() => {
      // Kept as it is seen: a run that ends shows its result in place of its log.
      let printed = Number.NaN;
      const isThere = () => {
        printed = Number(/printed at ([\d.]+)/.exec(document.querySelector('[aria-label="Log lines"]')?.textContent ?? '')?.[1]);
        return !Number.isNaN(printed);
      };
      window.took = window.painted(isThere).then(({ clock }) => clock - printed);
    });
    await run.click();
    const took = await page.evaluate(() => window.took);
    if (sample >= COLD) times.push(took);
    await expect(page.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();
  }
  return times;
}

test('the first line of a log', async ({ admin: page }) => {
  const count = samples(30, 10);
  const later = await firstLine(page, 'Prints later', count);
  figure('ui.first_log_line_ms', percentile(later, 0.95));
  detail('ui.first_log_line_p50_ms', percentile(later, 0.5));
  const atOnce = await firstLine(page, 'Prints at once', count);
  figure('ui.first_log_line_at_once_ms', percentile(atOnce, 0.95));
  detail('ui.first_log_line_at_once_p50_ms', percentile(atOnce, 0.5));
  detail('ui.first_log_line_runs', count);
});

/** Texts, numbers and lists; most have rules that are decided with each key. The first field, above ten,
 *  is refused and shows the last one. */
const fields = Array.from({ length: 50 }, (_, at) => {
  const field = { name: `f${at}`, label: `Field ${at}` };
  if (at === 0) return { ...field, type: 'number', validation: { max: 10, message: 'Ten at most' } };
  if (at === 49) return { ...field, type: 'text', visibility_expression: 'coalesce(fields.f0, 0) > 10' };
  if (at % 5 === 4) {
    const options = Array.from({ length: 30 }, (_, value) => ({ label: `Option ${value}`, value }));
    return { ...field, type: 'select', options };
  }
  return {
    ...field,
    type: at % 7 === 3 ? 'number' : 'text',
    ...(at % 4 === 0 ? { visibility_expression: `!empty(fields.f${at - 1}) || coalesce(fields.f0, 0) >= 0` } : {}),
    ...(at % 6 === 1 ? { default_expression: `"after " + coalesce(text(fields.f${at - 1}), "nothing")` } : {}),
  };
});

test('a form of 50 fields', async ({ admin: page }) => {
  const definition = { name: 'Fifty fields', workflow: 'hello', access: 'authenticated', fields };
  const { id } = await api<{ id: string }>(page, 'POST', '/api/forms', definition);
  await page.goto(`/forms/${id}`);
  const first = page.getByRole('textbox', { name: /^Field 0\b/ });
  await first.fill('1');
  // Errors are shown once a field was left.
  await first.blur();
  await first.press('End');
  const times: number[] = [];
  const count = samples(200, 40);
  for (let sample = 0; sample < COLD + count; sample += 1) {
    const refused = sample % 2 === 0;
    await page.evaluate((wanted) => {
      let pressed = Number.NaN;
      addEventListener('keydown', ({ timeStamp }) => (pressed = timeStamp), { capture: true, once: true });
      const holds = () => {
        const isRefused = document.getElementById('field-f0')?.textContent?.includes('Ten at most') === true;
        return isRefused === wanted && (document.getElementById('field-f49') !== null) === wanted;
      };
      window.took = window.painted(holds).then(({ page: at }) => at - pressed);
    }, refused);
    await page.keyboard.press(refused ? '5' : 'Backspace');
    const took = await page.evaluate(() => window.took);
    if (sample >= COLD) times.push(took);
  }
  figure('ui.form_50_fields_ms', percentile(times, 0.95));
  detail('ui.form_50_fields_p50_ms', percentile(times, 0.5));
  detail('ui.form_50_fields_keys', count);
});
