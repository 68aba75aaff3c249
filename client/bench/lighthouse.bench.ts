/** What Lighthouse says of the pages that people see first and most. */
import { readFileSync } from 'node:fs';
import { chromium, type BrowserContext } from '@playwright/test';
import lighthouse from 'lighthouse';
import { ADMIN_STATE, execute, URL } from '../e2e/helpers';
import { freePort } from '../e2e/loopback';
import { detail, figure, percentile, samples } from './figures';
import { test } from './session';

const CATEGORIES = ['performance', 'accessibility'] as const;

/** What the score for performance is made of, in milliseconds but for the last. */
const METRICS = ['first-contentful-paint', 'largest-contentful-paint', 'speed-index', 'total-blocking-time', 'cumulative-layout-shift'];

/** Audits a page some times; each score from 0 to 100: the middle one of performance, the least of accessibility. */
async function audit(name: string, path: string, port: number): Promise<void> {
  const scores = { performance: [] as number[], accessibility: [] as number[] };
  for (let sample = 0; sample < samples(5, 3); sample += 1) {
    const result = await lighthouse(URL + path, { port, logLevel: 'error', onlyCategories: [...CATEGORIES] });
    if (result === undefined) throw new Error(`${name}: Lighthouse says nothing`);
    const { audits, categories, finalDisplayedUrl, lighthouseVersion, runtimeError } = result.lhr;
    if (runtimeError !== undefined) throw new Error(`${name}: ${runtimeError.message}`);
    if (finalDisplayedUrl !== URL + path) throw new Error(`${name}: it led to ${finalDisplayedUrl}`);
    for (const category of CATEGORIES) scores[category].push((categories[category]?.score ?? 0) * 100);
    detail('ui.lighthouse_version', lighthouseVersion);
    for (const metric of METRICS) detail(`ui.lighthouse.${name}.${metric}`, audits[metric]?.numericValue ?? Number.NaN);
  }
  figure(`ui.lighthouse.${name}_performance`, percentile(scores.performance, 0.5));
  figure(`ui.lighthouse.${name}_accessibility`, Math.min(...scores.accessibility));
}

/** A browser that Lighthouse drives through its port; Playwright's contexts are not shown there. */
async function withBrowser(measure: (context: BrowserContext, port: number) => Promise<void>): Promise<void> {
  const { launchOptions } = test.info().project.use;
  const port = await freePort();
  const args = [...(launchOptions?.args ?? []), `--remote-debugging-port=${port}`];
  const context = await chromium.launchPersistentContext('', { ...launchOptions, args });
  try {
    detail('ui.chromium', context.browser()?.version() ?? '');
    await measure(context, port);
  } finally {
    await context.close();
  }
}

test('Lighthouse', async ({ admin: page }) => {
  const run = await execute(page, 'License reconciliation', {}, { sync: true });
  await withBrowser(async (context, port) => {
    await audit('sign_in', '/sign-in', port);
    const { cookies } = JSON.parse(readFileSync(ADMIN_STATE, 'utf8')) as Awaited<ReturnType<BrowserContext['storageState']>>;
    await context.addCookies(cookies);
    await audit('workflows', '/workflows', port);
    await audit('run', `/runs/${run}`, port);
  });
});
