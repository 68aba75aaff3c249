/** Markup that a tenant planted is text wherever it is shown, and nothing of it runs or calls out. */
import { createServer } from 'node:http';
import type { Page } from '@playwright/test';
import { api, expect, open, openWorkflow } from './helpers';
import { listening } from './loopback';
import { test } from './own-server';
import { MARKUP, OUTSIDE, PLANTINGS, text, type Made, type Place } from './planted';

test.use({ files: ['workspace', 'hostile.py'] });

/** What this file has planted; a new process begins anew, as its server does. */
const made: Made = {};

/** What a page has tried that only markup can want. */
function suspicions(page: Page): string[] {
  const found: string[] = [];
  page.on('dialog', (dialog) => {
    // Pages with something unsaved ask before they are left.
    if (dialog.type() !== 'beforeunload') found.push(`it says: ${dialog.message()}`);
    void dialog.accept();
  });
  page.on('request', (request) => {
    if (new URL(request.url()).hostname === OUTSIDE) found.push(`it asks for ${request.url()}`);
  });
  return found;
}

/** Whether a text stands on the page, in a field, or among its choices. */
const stands = (page: Page, wanted: string): Promise<boolean> =>
  page.evaluate((part) => {
    const fields = [...document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>('input, textarea')];
    const choices = [...document.querySelectorAll('option')];
    const all = [document.body.innerText, ...fields.flatMap(({ value, placeholder }) => [value, placeholder]), ...choices.map((choice) => choice.text)];
    return all.some((one) => one.replace(/\s+/g, ' ').toLowerCase().includes(part.toLowerCase()));
  }, wanted);

/** Nothing of what was planted is an element, a link to a script, or has run. */
async function expectText(page: Page, where: string): Promise<void> {
  const found = await page.evaluate(() => ({
    ran: 'planted' in window,
    elements: [...document.querySelectorAll('[onerror], [onload], [onclick]')].map((element) => element.outerHTML),
    links: [...document.links].filter(({ protocol }) => !['http:', 'https:', 'mailto:', 'blob:'].includes(protocol)).map(({ href }) => href),
  }));
  expect(found, where).toEqual({ ran: false, elements: [], links: [] });
}

async function visit(page: Page, found: string[], { path, shows, open: opened }: Place): Promise<void> {
  const where = path(made);
  await page.goto(where);
  await expect(page.getByRole('heading', { level: 1, includeHidden: true }).first()).toBeAttached();
  await opened?.(page, made);
  for (const what of shows) {
    await expect.poll(() => stands(page, text(what)), { message: `${where} shows “${what}”`, timeout: 30_000 }).toBe(true);
    await expectText(page, where);
  }
  expect(found, where).toEqual([]);
}

test.beforeAll(async ({ browser, server }) => {
  test.setTimeout(180_000);
  const page = await open(browser, server.admin, server.url);
  made.origin = server.url;
  for (const { what, plant } of PLANTINGS) await test.step(what, () => plant(page, made));
  // Whoever signs in again has another session.
  server.admin = await page.context().storageState();
  await page.context().close();
});

for (const { what, places } of PLANTINGS) {
  test(`what is planted is text: ${what}`, async ({ admin: page }) => {
    const found = suspicions(page);
    for (const place of places) await test.step(place.path(made), () => visit(page, found, place));
  });
}

test('what an authorization server says of an error is text', async ({ admin: page }) => {
  const server = createServer((_, response) => {
    response.writeHead(400, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: 'invalid_client', error_description: text('said there') }));
  });
  const token_url = `${await listening(server)}/token`;
  const oauth = { flow: 'client_credentials', client_id: 'platform', token_url };
  await api(page, 'POST', '/api/integrations', { name: 'Rogue', client_secret: 'a-secret', oauth });
  const { id } = await api<{ id: string }>(page, 'POST', '/api/oauth/connections', { integration: 'Rogue' });
  const headers = { 'sec-fetch-site': 'same-origin' };
  const refused = await page.request.fetch(`/api/oauth/connections/${id}/refresh`, { method: 'POST', headers });
  expect(refused.ok()).toBe(false);
  const found = suspicions(page);
  await visit(page, found, { path: () => '/integrations/Rogue', shows: ['said there'] });
  await visit(page, found, {
    path: () => '/integrations/Rogue',
    shows: ['said there'],
    open: async () => {
      await page.getByRole('button', { name: /^(Connect|Refresh) now$/ }).click();
      await expect(page.getByRole('alert').first()).toBeVisible();
    },
  });
  server.close();
});

test('addresses that lead to a script are refused, and names that take no markup say so', async ({ admin: page }) => {
  const address = 'javascript:planted=1';
  const oauth = { flow: 'authorization_code', client_id: 'a', token_url: 'https://a.example/token', authorization_url: address };
  const attempts: [string, object][] = [
    ['/api/integrations', { name: 'A', oauth }],
    ['/api/integrations', { name: 'A', oauth: { ...oauth, authorization_url: 'https://a.example/', token_url: address } }],
    ['/api/notification-channels', { kind: 'webhook', name: 'A', url: address }],
    ['/api/identity-providers', { kind: 'oidc', name: 'A', client_id: 'a', client_secret: 'a', issuer: address }],
    ['/api/endpoints', { workflow_id: made.workflow, slug: MARKUP }],
    ['/api/tables', { name: MARKUP }],
  ];
  for (const [path, data] of attempts) {
    const answer = await page.request.fetch(path, { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' }, data });
    expect(answer.status(), `${path} ${JSON.stringify(data)}`).toBe(422);
    expect(answer.headers()['content-type']).toContain('application/problem+json');
  }
});

test('commands to copy have names of tenants as one word of a shell', async ({ admin: page }) => {
  const name = '$(planted)';
  const { id } = await api<{ id: string }>(page, 'POST', '/api/webhooks', { kind: 'unsigned', confirm_unsigned: true, name });
  await page.goto(`/webhooks/${id}?tab=subscriptions`);
  await expect(page.locator('pre').filter({ hasText: 'bifrost webhooks' })).toContainText(`subscribe '${name}' `);
  await page.goto(`/files?folder=${encodeURIComponent(name)}`);
  await expect(page.locator('pre').filter({ hasText: 'bifrost files' })).toContainText(`'${name}/june.csv' --location uploads`);
});

test('a file with a page in it is saved, and not shown', async ({ admin: page }) => {
  const path = `${text('folder')}/${text('file')}.html`;
  const file = await page.request.get(`/api/files/content?path=${encodeURIComponent(path)}`);
  expect(await file.text()).toBe(MARKUP);
  expect(file.headers()['content-disposition']).toMatch(/^attachment/);
  expect(file.headers()['content-security-policy']).toMatch(/^sandbox/);
});

test('each way to look at a result and at a run has it as text', async ({ admin: page }) => {
  const mark = '<img src=x onerror=';
  await openWorkflow(page, 'Planted');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();
  for (const view of ['Pretty', 'Tree', 'JSON']) {
    await page.getByRole('button', { name: view, exact: true }).click();
    await expect(page.getByText(mark).first()).toBeVisible();
    await expectText(page, view);
  }
  for (const tab of ['Log', 'Input', 'Variables']) {
    await page.getByRole('tab', { name: tab }).click();
    await expect(page.getByText(mark).first()).toBeVisible();
    await expectText(page, tab);
  }
});

test('pages that a workflow returned or a form has are shown, and nothing in them runs', async ({ browser, server }) => {
  // Their policy complains of what it stops: this page is not watched for errors.
  const context = await browser.newContext({ baseURL: server.url, storageState: server.admin });
  const page = await context.newPage();
  const content = `<h2 onclick="parent.planted=1">Of a form</h2>${MARKUP}<script>parent.planted=1</script>`;
  const fields = [{ name: 'page', type: 'html', content }];
  const form = await api<{ id: string }>(page, 'POST', '/api/forms', { name: 'With a page', workflow: 'hello', access: 'granted', fields });
  const expectNothingRan = async (title: string, heading: string) => {
    const frame = page.frameLocator(`iframe[title="${title}"]`);
    await frame.getByRole('heading', { name: heading }).click();
    const inside = page.frames().find((one) => one.url().endsWith('/result.html'));
    // An image that is asked for later fails later than what was planted.
    await inside?.evaluate(
      () =>
        new Promise<void>((resolve) => {
          const image = new Image();
          image.addEventListener('error', () => resolve());
          image.src = 'https://planted.invalid/later';
        }),
    );
    expect(await inside?.evaluate(() => fetch('/api/me').then(() => 'reached', () => 'refused'))).toBe('refused');
    expect(await inside?.evaluate(() => self.origin)).toBe('null');
    for (const one of page.frames()) expect(await one.evaluate(() => 'planted' in window)).toBe(false);
  };
  await openWorkflow(page, 'Planted page');
  await page.getByRole('button', { name: 'Run', exact: true }).click();
  await expectNothingRan('Result', 'A page');
  await page.goto(`/forms/${form.id}`);
  await expectNothingRan('page', 'Of a form');
  await context.close();
});

test('no page of another site can frame it or bring scripts', async ({ request, server }) => {
  const page = await request.get(`${server.url}/`, { headers: { accept: 'text/html' } });
  const headers = page.headers();
  const policy = headers['content-security-policy'] ?? '';
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';");
  expect(policy.replace("'wasm-unsafe-eval'", '')).not.toContain('unsafe');
  expect(headers['x-content-type-options']).toBe('nosniff');
  expect(headers['referrer-policy']).toBe('no-referrer');
  const missing = await request.get(`${server.url}/api/nothing`, { headers: { accept: 'text/html' } });
  expect(missing.status()).toBe(404);
  expect(missing.headers()['content-type']).toContain('application/problem+json');
});
