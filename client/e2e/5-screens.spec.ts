/** Every screen that has an address, in both themes. */
import type { Browser, Page } from '@playwright/test';
import { formOf } from './forms';
import { api, deploy, execute, joined, reviewedOrganizationOf, test, TRY, workflowCode, workflowIds } from './helpers';
import { expectScreens, type Screen } from './screens';

interface Found {
  form: string;
  runs: Record<'report' | 'page' | 'failed' | 'fields', string>;
  workflows: Record<string, string>;
  organization: string;
  /** Whose deploys are reviewed, with a version that waits. */
  reviewed: string;
  user: string;
  role: string;
  schedule: string;
}

const screens = ({ form, runs, workflows, organization, reviewed, user, role, schedule }: Found): Screen[] => [
  { name: 'sign-in', path: '/sign-in', heading: /Sign in/, signedOut: true },
  { name: 'set-up', path: '/sign-in#set-up=token', heading: /first administrator/, signedOut: true },
  { name: 'invitation', path: '/sign-in#invitation=token', heading: /Welcome/, signedOut: true },
  { name: 'new-password', path: '/sign-in#link=token', heading: /new password/, signedOut: true },
  { name: 'not-found', path: '/nowhere', heading: /nothing at this address/ },
  { name: 'device', path: '/device' },
  { name: 'home', path: '/' },
  { name: 'home-week', path: '/?days=7' },
  { name: 'workflows', path: '/workflows' },
  { name: 'workflow', path: `/workflows/${workflows['All fields'] ?? ''}` },
  { name: 'workflow-code', path: `/workflows/${workflows['License reconciliation'] ?? ''}?tab=code` },
  { name: 'workflow-schedules', path: `/workflows/${workflows.hello ?? ''}?tab=schedules` },
  { name: 'workflow-forms', path: `/workflows/${workflows['All fields'] ?? ''}?tab=forms` },
  { name: 'workflow-call', path: `/workflows/${workflows.hello ?? ''}?tab=call` },
  { name: 'forms', path: '/forms' },
  { name: 'form', path: `/forms/${form}` },
  { name: 'form-new', path: '/forms/new' },
  { name: 'form-edit', path: `/forms/${form}/edit?field=sea` },
  { name: 'form-settings', path: `/forms/${form}/edit?tab=settings` },
  { name: 'form-access', path: `/forms/${form}/edit?tab=access` },
  { name: 'form-file', path: `/forms/${form}/edit?tab=file` },
  { name: 'runs', path: '/runs' },
  { name: 'run-result', path: `/runs/${runs.report}` },
  { name: 'run-page', path: `/runs/${runs.page}` },
  { name: 'run-failed', path: `/runs/${runs.failed}` },
  { name: 'run-log', path: `/runs/${runs.report}?tab=log&line=2` },
  { name: 'run-input', path: `/runs/${runs.fields}?tab=input` },
  { name: 'run-variables', path: `/runs/${runs.failed}?tab=variables` },
  { name: 'run-calls', path: `/runs/${runs.report}?tab=calls` },
  { name: 'run-missing', path: '/runs/01997f3e-7c1b-7c11-9d7b-0d5c8f6f2a11' },
  { name: 'schedules', path: '/schedules' },
  { name: 'schedule-new', path: '/schedules?edit=new' },
  { name: 'schedule', path: `/schedules?edit=${schedule}` },
  { name: 'integrations-empty', path: '/integrations' },
  { name: 'integration-new', path: '/integrations?edit=new' },
  { name: 'webhooks-empty', path: '/webhooks' },
  { name: 'webhook-new', path: '/webhooks?edit=new' },
  { name: 'endpoints-empty', path: '/endpoints' },
  { name: 'endpoint-new', path: '/endpoints?edit=new' },
  { name: 'tables-empty', path: '/tables' },
  { name: 'table-new', path: '/tables?edit=new' },
  { name: 'files-empty', path: '/files' },
  { name: 'connected', path: '/connected?integration=CRM' },
  { name: 'connected-not', path: '/?problem=authorization_refused&detail=the+authorization+server+did+not+authorize+this+%28access_denied%3A+no%29', heading: /Not connected/ },
  { name: 'packages', path: '/code?tab=packages' },
  { name: 'config', path: '/config' },
  { name: 'config-new', path: '/config?edit=%2B' },
  { name: 'config-secret', path: `/config?edit=${SECRET}` },
  { name: 'code', path: '/code?path=workflows/tickets.py&line=25' },
  { name: 'editor', path: '/code/edit?path=workflows/tickets.py&line=25' },
  { name: 'editor-start', path: '/code/edit' },
  { name: 'editor-run', path: '/code/edit?path=workflows/hello.py&run=workflows/hello.py::hello' },
  { name: 'editor-search', path: '/code/edit?view=search&q=logger&path=workflows/hello.py' },
  { name: 'versions', path: '/code?tab=versions' },
  { name: 'shared', path: '/code?tab=shared' },
  { name: 'version', path: '/code/versions/1' },
  { name: 'version-proposed', path: `/code/versions/1?org=${reviewed}` },
  { name: 'people', path: '/people' },
  { name: 'people-services', path: '/people?tab=services' },
  { name: 'people-invitations', path: '/people?tab=invitations' },
  { name: 'person', path: `/people?user=${user}` },
  { name: 'roles', path: '/roles' },
  { name: 'role-new', path: '/roles?edit=new' },
  { name: 'role', path: `/roles?edit=${role}` },
  { name: 'grants', path: '/roles?tab=grants' },
  { name: 'keys', path: '/keys?all=1' },
  { name: 'network', path: '/network' },
  { name: 'notifications', path: '/notifications' },
  { name: 'notification-rules', path: '/notifications?tab=rules' },
  { name: 'notification-rule-new', path: '/notifications?tab=rules&edit=new' },
  { name: 'notification-channels', path: '/notifications?tab=channels' },
  { name: 'notification-channel-new', path: '/notifications?tab=channels&edit=new' },
  { name: 'audit', path: '/audit' },
  { name: 'organizations', path: '/organizations' },
  { name: 'organization', path: `/organizations/${organization}` },
  { name: 'reviews', path: '/reviews' },
  { name: 'providers', path: '/identity-providers' },
  { name: 'provider-new', path: '/identity-providers?edit=new' },
  { name: 'provider', path: `/identity-providers?edit=${PROVIDER.id}`, answers: { '**/api/identity-providers': { providers: [PROVIDER] } } },
  { name: 'operations', path: '/operations' },
  { name: 'settings', path: '/settings' },
  { name: 'about', path: '/about' },
  { name: 'operations-dead-letters', path: '/operations', answers: { '**/api/dead-letters?*': { dead_letters: LETTERS, next_cursor: null } } },
  { name: 'account', path: '/account' },
  { name: 'tenant-workflows', path: `/workflows?org=${organization}` },
];

const FORM = {
  name: 'Every kind of field',
  workflow: 'All fields',
  access: 'granted',
  fields: [
    { name: 'intro', type: 'markdown', content: '## Before you begin\n\n1. Read *this*\n2. Fill in `text`' },
    { name: 'text', label: 'Text', type: 'text', required: true, help_text: 'A word or two.' },
    { name: 'sea', label: 'Sea', type: 'select', data_provider: 'Seas', visibility_expression: 'fields.loud' },
    { name: 'shape', label: 'Shape', type: 'radio', options: ['round', 'square'], default_value: 'round' },
    { name: 'names', label: 'Names', type: 'multi_select', options: ['Ada', 'Grace'] },
    { name: 'count', label: 'Count', type: 'number', default_value: 3, validation: { min: 1, max: 10 } },
    { name: 'day', label: 'Day', type: 'date', default_expression: 'addDays(now, 7)' },
    { name: 'paper', label: 'Paper', type: 'file', multiple: true },
    { name: 'loud', label: 'Loud', type: 'checkbox', default_value: true },
  ],
};

const SECRET = 'ui_secret';

/** A provider is only kept once its own server has answered. */
const PROVIDER = {
  id: '01997f3e-7c1b-7c11-9d7b-0d5c8f6f2a12',
  name: 'Provider of Contoso',
  kind: 'oidc',
  issuer: 'https://identity.contoso.example',
  client_id: 'bifrost',
  has_client_secret: true,
  domains: ['contoso.example'],
  scopes: [],
  creates_users: true,
  is_enabled: true,
  redirect_uri: 'https://bifrost.example/api/sign-in/callback',
};

const letter = (at: number, state: string, replayed_as: string | null) => ({
  id: `01997f3e-7c1b-7c11-9d7b-0d5c8f6f2b0${at}`,
  attempt: at,
  created_at: '2026-11-26T08:00:00Z',
  execution_id: `01997f3e-7c1b-7c11-9d7b-0d5c8f6f2c0${at}`,
  execution_status: state === 'failed' ? 'Failed' : 'Success',
  organization_id: '01997f3e-7c1b-7c11-9d7b-0d5c8f6f2d00',
  reason: 'the queue has delivered it 20 times, and no worker has taken it',
  replayed_as,
  state,
  workflow_id: '01997f3e-7c1b-7c11-9d7b-0d5c8f6f2e00',
  workflow_name: 'License reconciliation',
});

/** Without a queue of its own this server has none. */
const LETTERS = [letter(1, 'failed', null), letter(2, 'failed', '01997f3e-7c1b-7c11-9d7b-0d5c8f6f2f00'), letter(3, 'retried', null)];

/** An organization with a version that waits for its review. */
async function proposed(browser: Browser, page: Page): Promise<string> {
  const id = await reviewedOrganizationOf(page, 'Fabrikam');
  const author = await joined(browser, page, { email: `fay-${TRY}@fabrikam.example`, role: 'org_admin', organization: id });
  await deploy(author, { 'workflows/waits.py': workflowCode('waits') }, { message: 'For a review' });
  await author.context().close();
  return id;
}

/** Runs to look at, and the ids of everything. */
async function prepare(browser: Browser, page: Page): Promise<Found> {
  const workflows = await workflowIds(page);
  const run = (name: string, input: object) => execute(page, name, input, { sync: true });
  const made = async (path: string, body: object) => (await api<{ id: string }>(page, 'POST', path, body)).id;
  const runs = {
    report: await run('License reconciliation', {}),
    page: await run('License reconciliation', { format: 'html' }),
    failed: await run('Fails', { customer: 'Initech' }),
    fields: await run('All fields', { text: 'North', names: ['Ada', 'Grace'], more: { deep: { deeper: true } } }),
  };
  const { organizations } = await api<{ organizations: { id: string; is_provider: boolean }[] }>(page, 'GET', '/api/organizations');
  const { users } = await api<{ users: { id: string; kind: string }[] }>(page, 'GET', '/api/users');
  await api(page, 'PUT', `/api/config/${SECRET}`, { value: 'not to be seen', type: 'secret', description: 'For the billing system' });
  await api(page, 'POST', '/api/invitations', { email: `waiting-${TRY}@provider.example`, role: 'org_user' });
  return {
    form: await formOf(page, FORM),
    runs,
    workflows,
    organization: organizations.find(({ is_provider }) => !is_provider)?.id ?? '',
    reviewed: await proposed(browser, page),
    user: users.find(({ kind }) => kind === 'person')?.id ?? '',
    role: await made('/api/roles', { name: `Looks after code ${TRY}`, description: 'Reads and deploys', permissions: ['workspace.read', 'workspace.deploy'] }),
    schedule: await made('/api/schedules', { workflow_id: workflows.hello, name: 'Once a year', cron_expression: '0 3 1 1 *', input_data: { name: 'Ada' } }),
  };
}

test('every screen is accessible', async ({ admin: page, browser }) => {
  test.setTimeout(600_000);
  await expectScreens(browser, screens(await prepare(browser, page)));
});
