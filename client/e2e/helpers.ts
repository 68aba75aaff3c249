/** What the flows share: signing in once, calling the API beside the browser, and axe. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test as base, type Browser, type BrowserContextOptions, type Page } from '@playwright/test';

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const URL = process.env.UI_URL ?? '';
export const SET_UP = process.env.UI_SET_UP ?? '';
const DATA = process.env.UI_DATA ?? '';

/** The first administrator. */
export const ADMIN = { name: 'Ada Lovelace', email: 'ada@provider.example', password: 'correct horse battery' };

/** Where the administrator's session is kept between files. */
export const ADMIN_STATE = join(DATA, 'admin-state.json');

/** What browsers have complained about during a test. */
const complaints: string[] = [];

/** A test with a page of the administrator. It fails when a browser complains. */
export const test = base.extend<{ admin: Page; calm: void }>({
  calm: [
    // Playwright reads the names of fixtures from a pattern, also when there are none.
    async ({}, use) => {
      complaints.length = 0;
      await use();
      expect(complaints).toEqual([]);
    },
    { auto: true },
  ],
  admin: async ({ browser }, use) => {
    const page = await open(browser, ADMIN_STATE);
    await use(page);
    await page.context().close();
  },
});

export { expect };

/** What a browser holds of somebody who is signed in: a file, or the thing itself. */
type State = NonNullable<BrowserContextOptions['storageState']>;

/** A new page whose errors, and those of its policy, are errors of the test. */
export async function open(browser: Browser, state?: State, at = URL): Promise<Page> {
  const context = await browser.newContext({ baseURL: at, ...(state === undefined ? {} : { storageState: state }) });
  const page = await context.newPage();
  watch(page);
  return page;
}

/** What is no error of a page: answers that are not 2xx, which pages show. */
const EXPECTED = ['Failed to load resource', 'net::ERR_', 'WebSocket connection to'];

/** Lets nothing pass that the browser complains about. */
export function watch(page: Page): void {
  page.on('pageerror', (error) => complaints.push(`${page.url()}: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() !== 'error' || EXPECTED.some((text) => message.text().includes(text))) return;
    complaints.push(`${page.url()}: ${message.text()}`);
  });
}

export async function signIn(page: Page, email: string, password: string): Promise<void> {
  await page.goto('/sign-in');
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await expect(page.getByRole('navigation', { name: 'Main' }).or(page.getByRole('button', { name: 'Open the navigation' }))).toBeVisible();
}

export async function signOut(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Account of/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
}

/** A server, and the key of its first administrator. */
interface At {
  url: string;
  key: string;
}

const shared = (): At => ({ url: URL, key: readFileSync(join(DATA, 'admin.key'), 'utf8').trim() });

function bifrostAt({ url, key }: At, command: string[]): string {
  const env = { ...process.env, BIFROST_URL: url, BIFROST_KEY: key, BIFROST_DATA: DATA };
  return execFileSync(process.env.UI_PROGRAM ?? '', command, { env, encoding: 'utf8' });
}

/** The command line, with the key of the first start. */
export const bifrost = (...command: string[]): string => bifrostAt(shared(), command);

/** A folder with the example workspace and more over it: files of workflows, or all of folders. Whoever asked for it
 *  removes it. */
export function workspaceWith(...more: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'bifrost-ui-workspace-'));
  cpSync(join(import.meta.dirname, '../../examples/starter'), folder, { recursive: true });
  for (const one of more) {
    cpSync(one, statSync(one).isDirectory() ? folder : join(folder, 'workflows', basename(one)), { recursive: true });
  }
  return folder;
}

/** Deploys the example workspace with more over it. */
export function deployWith(more: string, message: string, at = shared()): void {
  const folder = workspaceWith(more);
  bifrostAt(at, ['deploy', folder, '--message', message]);
  rmSync(folder, { recursive: true });
}

/** Workflows, an adapter and a form of these tests. */
export const CASES = join(import.meta.dirname, 'workspace');

/** Deploys the example workspace with the cases of these tests in it. */
export const deployCases = (at?: At): void => deployWith(CASES, 'Cases of the web UI', at);

/** The administrator's session speaks to the API, as a page of the platform does. */
export async function api<T>(page: Page, method: string, path: string, data?: object, organization?: string): Promise<T> {
  const headers = { 'sec-fetch-site': 'same-origin', ...(organization === undefined ? {} : { 'x-bifrost-organization': organization }) };
  const answer = await page.request.fetch(path, { method, headers, ...(data === undefined ? {} : { data }) });
  expect(answer.ok(), `${method} ${path}: ${await answer.text()}`).toBe(true);
  const text = await answer.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

/** The password of everybody who joins. */
export const PASSWORD = 'a word for everybody';

/** Somebody new, who has accepted an invitation; in a page of their own. */
export async function joined(browser: Browser, admin: Page, email: string, role: string, organization?: string): Promise<Page> {
  const { token } = await api<{ token: string }>(admin, 'POST', '/api/invitations', { email, role }, organization);
  const page = await open(browser);
  await api(page, 'POST', '/api/sign-in/invitation', { token, password: PASSWORD });
  return page;
}

interface Violation {
  id: string;
  help: string;
  nodes: { html: string; failureSummary?: string }[];
}

/** All rules, or those that another theme can break. */
export type Checks = 'all' | 'colours';

/** Fails where the page violates WCAG 2.2, level A or AA. */
export async function expectAccessible(page: Page, what: string, checks: Checks = 'all'): Promise<void> {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(AXE);
  const violations = await page.evaluate(async (only) => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
    const rules = ['color-contrast', 'link-in-text-block'];
    const { axe } = window as unknown as { axe: { run: (context: Document, options: object) => Promise<{ violations: Violation[] }> } };
    const runOnly = only === 'all' ? tags : rules;
    return (await axe.run(document, { runOnly, resultTypes: ['violations'], iframes: false })).violations;
  }, checks);
  const told = violations.map(({ id, help, nodes }) => `${id}: ${help}\n${nodes.map((node) => `  ${node.html}\n  ${node.failureSummary ?? ''}`).join('\n')}`);
  // The rest of the screens is looked at as well.
  expect.soft(told, what).toEqual([]);
}

/** Runs a workflow by its form, as a person does, and waits for its page. */
export async function openWorkflow(page: Page, name: string): Promise<void> {
  await page.goto('/workflows');
  await page.getByRole('link', { name, exact: true }).click();
  await expect(page.getByRole('heading', { level: 1, name })).toBeVisible();
}

/** What there is to run, by name. */
export async function workflowIds(page: Page): Promise<Record<string, string>> {
  const { workflows } = await api<{ workflows: { id: string; name: string }[] }>(page, 'GET', '/api/workflows');
  return Object.fromEntries(workflows.map(({ id, name }) => [name, id]));
}

/** Asks for a run beside the browser, and tells its id; `sync` waits for its end, at most half a minute. */
export async function execute(page: Page, workflow: string, input_data: object, how: { sync?: boolean } = {}): Promise<string> {
  const { [workflow]: workflow_id } = await workflowIds(page);
  return (await api<{ execution_id: string }>(page, 'POST', '/api/workflows/execute', { workflow_id, input_data, ...how })).execution_id;
}
