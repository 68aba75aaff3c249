/** Every screen in both themes. */
import type { Browser } from '@playwright/test';
import { ADMIN_STATE, api, test, URL } from './helpers';
import { expectScreens, THEMES, type Screen } from './screens';

interface Found {
  form: string;
  runs: Record<'report' | 'page' | 'failed' | 'fields', string>;
  workflows: Record<string, string>;
  organization: string;
  user: string;
}

const screens = ({ form, runs, workflows, organization, user }: Found): Screen[] => [
  { name: 'sign-in', path: '/sign-in', heading: /Sign in/, signedOut: true },
  { name: 'set-up', path: '/sign-in#set-up=token', heading: /first administrator/, signedOut: true },
  { name: 'invitation', path: '/sign-in#invitation=token', heading: /Welcome/, signedOut: true },
  { name: 'device', path: '/device' },
  { name: 'home', path: '/' },
  { name: 'home-week', path: '/?days=7' },
  { name: 'workflows', path: '/workflows' },
  { name: 'workflow', path: `/workflows/${workflows['All fields'] ?? ''}` },
  { name: 'workflow-code', path: `/workflows/${workflows['License reconciliation'] ?? ''}?tab=code` },
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
  { name: 'run-missing', path: '/runs/01997f3e-7c1b-7c11-9d7b-0d5c8f6f2a11' },
  { name: 'schedules', path: '/schedules' },
  { name: 'schedule-new', path: '/schedules?edit=new' },
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
  { name: 'connected-not', path: '/?problem=denied&detail=the+person+has+not+agreed', heading: /not connected/ },
  { name: 'packages', path: '/code?tab=packages' },
  { name: 'config', path: '/config' },
  { name: 'config-new', path: '/config?edit=%2B' },
  { name: 'code', path: '/code?path=workflows/tickets.py&line=25' },
  { name: 'editor', path: '/code/edit?path=workflows/tickets.py&line=25' },
  { name: 'editor-start', path: '/code/edit' },
  { name: 'editor-run', path: '/code/edit?path=workflows/hello.py&run=workflows/hello.py::hello' },
  { name: 'editor-search', path: '/code/edit?view=search&q=logger&path=workflows/hello.py' },
  { name: 'versions', path: '/code?tab=versions' },
  { name: 'shared', path: '/code?tab=shared' },
  { name: 'version', path: '/code/versions/1' },
  { name: 'people', path: '/people' },
  { name: 'person', path: `/people?user=${user}` },
  { name: 'roles', path: '/roles' },
  { name: 'role-new', path: '/roles?edit=new' },
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
  { name: 'operations', path: '/operations' },
  { name: 'settings', path: '/settings' },
  { name: 'about', path: '/about' },
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

/** Runs to look at, and the ids of everything. */
async function prepare(browser: Browser): Promise<Found> {
  const page = await browser.newPage({ baseURL: URL, storageState: ADMIN_STATE });
  const { workflows } = await api<{ workflows: { id: string; name: string }[] }>(page, 'GET', '/api/workflows');
  const ids = Object.fromEntries(workflows.map(({ id, name }) => [name, id]));
  const run = async (name: string, input_data: object) => {
    const body = { workflow_id: ids[name], input_data, sync: true };
    return (await api<{ execution_id: string }>(page, 'POST', '/api/workflows/execute', body)).execution_id;
  };
  const runs = {
    report: await run('License reconciliation', {}),
    page: await run('License reconciliation', { format: 'html' }),
    failed: await run('Fails', { customer: 'Initech' }),
    fields: await run('All fields', { text: 'North', names: ['Ada', 'Grace'], more: { deep: { deeper: true } } }),
  };
  const { forms } = await api<{ forms: { id: string; name: string }[] }>(page, 'GET', '/api/forms');
  const known = forms.find(({ name }) => name === FORM.name);
  const form = known?.id ?? (await api<{ id: string }>(page, 'POST', '/api/forms', FORM)).id;
  const { organizations } = await api<{ organizations: { id: string; is_provider: boolean }[] }>(page, 'GET', '/api/organizations');
  const { users } = await api<{ users: { id: string; kind: string }[] }>(page, 'GET', '/api/users');
  await page.close();
  return {
    form,
    runs,
    workflows: ids,
    organization: organizations.find(({ is_provider }) => !is_provider)?.id ?? '',
    user: users.find(({ kind }) => kind === 'person')?.id ?? '',
  };
}

for (const theme of THEMES) {
  test(`every screen is accessible: ${theme}`, async ({ browser }) => {
    test.setTimeout(1_200_000);
    await expectScreens(browser, theme, screens(await prepare(browser)));
  });
}
