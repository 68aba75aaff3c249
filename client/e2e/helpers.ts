/** What the flows share: signing in once, people, calling the API beside the browser, runs, and axe. */
import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, test as base, type Browser, type BrowserContextOptions, type Locator, type Page } from '@playwright/test';

const require = createRequire(import.meta.url);
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const URL = process.env.UI_URL ?? '';
export const SET_UP = process.env.UI_SET_UP ?? '';
const DATA = process.env.UI_DATA ?? '';

/** The first administrator. */
export const ADMIN = { name: 'Ada Lovelace', email: 'ada@provider.example', password: 'correct horse battery' };

/** The password of everybody else. */
export const PASSWORD = 'a word for everybody';

/** Differs in each process. What is named after it is no conflict when a test is tried again, as after a failure
 *  another process goes on with the same server. */
export const TRY = Date.now().toString(36);

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
export type State = NonNullable<BrowserContextOptions['storageState']>;

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

/** Fills in who the first administrator is. */
export async function fillInAdmin(page: Page, password = ADMIN.password): Promise<void> {
  await page.getByLabel('E-mail').fill(ADMIN.email);
  await page.getByLabel('Name').fill(ADMIN.name);
  await page.getByLabel('Password').fill(password);
}

/** E-mail and password, without a look at where that leads. */
export async function enterPassword(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.getByLabel('E-mail').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
}

export async function signIn(page: Page, email: string, password = PASSWORD): Promise<void> {
  await page.goto('/sign-in');
  await enterPassword(page, email, password);
  await expect(page.getByRole('navigation', { name: 'Main' }).or(page.getByRole('button', { name: 'Open the navigation' }))).toBeVisible();
}

export async function signOut(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Account of/ }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
}

/** Waits until somebody is led to the sign-in: a session that has ended is believed for two seconds at most. */
export const expectSignedOut = (page: Page): Promise<void> =>
  expect(async () => {
    await page.goto('/workflows');
    await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible({ timeout: 1_000 });
  }).toPass();

/** Each of these screens says that a permission is needed. */
export async function expectRefused(page: Page, paths: string[]): Promise<void> {
  for (const path of paths) {
    await page.goto(path);
    await expect(page.getByRole('alert').first(), path).toContainText('needs the permission');
  }
}

/** A server, and the key of its first administrator. */
interface At {
  url: string;
  key: string;
}

/** The key of the first start. */
export const adminKey = (): string => readFileSync(join(DATA, 'admin.key'), 'utf8').trim();

const shared = (): At => ({ url: URL, key: adminKey() });

function bifrostAt({ url, key }: At, command: string[]): string {
  const env = { ...process.env, BIFROST_URL: url, BIFROST_KEY: key, BIFROST_DATA: DATA };
  return execFileSync(process.env.UI_PROGRAM ?? '', command, { env, encoding: 'utf8' });
}

/** The command line, with the key of the first start. */
export const bifrost = (...command: string[]): string => bifrostAt(shared(), command);

/** Begins to sign a command line in: what it has printed, and its exit code once it has ended. */
export function logIn(url = URL, data = DATA): { printed: () => string; ended: () => number | null } {
  const env = { ...process.env, BIFROST_DATA: join(data, 'cli'), BIFROST_URL: url };
  const program = spawn(process.env.UI_PROGRAM ?? '', ['login'], { env });
  let printed = '';
  for (const stream of [program.stdout, program.stderr]) stream.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  return { printed: () => printed, ended: () => program.exitCode };
}

/** A folder with the example workspace and more of this folder over it: files of workflows, or all of folders.
 *  Whoever asked for it removes it. */
export function workspaceWith(...names: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'bifrost-ui-workspace-'));
  cpSync(join(import.meta.dirname, '../../examples/starter'), folder, { recursive: true });
  for (const name of names) {
    const one = join(import.meta.dirname, name);
    cpSync(one, statSync(one).isDirectory() ? folder : join(folder, 'workflows', basename(one)), { recursive: true });
  }
  return folder;
}

/** Deploys the example workspace with the workflows, the adapter and the form of these tests in it. */
export function deployCases(at = shared()): void {
  const folder = workspaceWith('workspace');
  bifrostAt(at, ['deploy', folder, '--message', 'Cases of the web UI']);
  rmSync(folder, { recursive: true });
}

/** The administrator's session speaks to the API, as a page of the platform does. */
export async function api<T>(page: Page, method: string, path: string, data?: object, organization?: string): Promise<T> {
  const headers = { 'sec-fetch-site': 'same-origin', ...(organization === undefined ? {} : { 'x-bifrost-organization': organization }) };
  const answer = await page.request.fetch(path, { method, headers, ...(data === undefined ? {} : { data }) });
  expect(answer.ok(), `${method} ${path}: ${await answer.text()}`).toBe(true);
  const text = await answer.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

export interface Invited {
  email: string;
  name?: string;
  role?: 'org_guest' | 'org_user' | 'org_admin';
  /** Roles of the organization, by id. */
  roles?: string[];
  /** The provider's without it. */
  organization?: string;
}

/** Somebody new, who has accepted an invitation; in a page of their own. */
export async function joined(browser: Browser, admin: Page, who: Invited, at = URL): Promise<Page> {
  const { organization, role = 'org_user', ...more } = who;
  const { token } = await api<{ token: string }>(admin, 'POST', '/api/invitations', { role, ...more }, organization);
  const page = await open(browser, undefined, at);
  await api(page, 'POST', '/api/sign-in/invitation', { token, password: PASSWORD });
  return page;
}

/** Accepts an invitation by its form, without a look at where that leads. */
export async function accept(page: Page, token: string): Promise<void> {
  await page.goto(`/sign-in#invitation=${token}`);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Accept the invitation' }).click();
}

/** Makes an organization; answers its id. */
export async function organizationOf(admin: Page, name: string, domain: string | null = null): Promise<string> {
  return (await api<{ id: string }>(admin, 'POST', '/api/organizations', { name, domain })).id;
}

/** The same, with deploys that wait for a review. */
export async function reviewedOrganizationOf(admin: Page, name: string): Promise<string> {
  const id = await organizationOf(admin, name);
  await api(admin, 'PATCH', `/api/organizations/${id}`, { requires_review: true });
  return id;
}

/** The id of what has a name in a list of the API, such as `organizations`; empty where nothing has it. */
export async function idByName(page: Page, list: string, name: string): Promise<string> {
  const all = await api<Record<string, { id: string; name: string }[]>>(page, 'GET', `/api/${list}`);
  return all[list]?.find((one) => one.name === name)?.id ?? '';
}

/** Code of one workflow. */
export const workflowCode = (name: string, body = 'return 1'): string => `from bifrost import workflow\n\n\n@workflow\nasync def ${name}():\n    ${body}\n`;

/** Files as a deploy takes them. */
export const inBase64 = (files: Record<string, string>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([path, text]) => [path, Buffer.from(text).toString('base64')]));

/** Deploys these files as the whole workspace of whoever's page it is, or of an organization that they entered. */
export async function deploy(page: Page, files: Record<string, string>, how: { organization?: string; message?: string } = {}): Promise<void> {
  await api(page, 'POST', '/api/workspace/deploy', { files: inBase64(files), message: how.message }, how.organization);
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

/** Opens a workflow, as a person does, and waits for its page. */
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

/** The run of this page succeeds; answers what it has returned. */
export async function resultOf(page: Page): Promise<object> {
  await expect(page.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();
  const { pathname } = new globalThis.URL(page.url());
  return (await api<{ result: object }>(page, 'GET', `/api/executions/${pathname.split('/').pop() ?? ''}`)).result;
}

/** The run that is shown here succeeds, and its result has these parts as JSON. */
export async function expectResult(shown: Page | Locator, ...parts: string[]): Promise<void> {
  await expect(shown.getByRole('status').filter({ hasText: 'Succeeded' })).toBeVisible();
  await shown.getByRole('button', { name: 'JSON', exact: true }).click();
  const result = shown.getByRole('textbox', { name: 'Result as JSON' });
  for (const part of parts) await expect(result).toContainText(part);
}

/** Cancels the run of this page, which asks first. */
export async function cancelRun(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await page.getByRole('button', { name: 'Cancel the run' }).click();
  await expect(page.getByRole('status').filter({ hasText: /^Cancelled$/ })).toBeVisible();
}
