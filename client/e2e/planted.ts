/** What a tenant plants, by which call of the API, and where it is shown. `4-hostile.spec.ts` walks through it. */
import type { Page } from '@playwright/test';
import { ADMIN, api, execute, expect, inBase64, workflowCode, workflowIds } from './helpers';

/** Where the markup would call out to. */
export const OUTSIDE = 'planted.invalid';

/** Markup that runs where it is not escaped. It has no slash and no quotes: names of integrations, paths and
 *  JSON take it as it is. */
export const MARKUP = `<img src=https:${OUTSIDE} onerror=planted=1>`;

/** The same for what must not have blanks. */
const TIGHT = '<svg/onload=planted=1>';

/** What is said first, so that each text is known again. */
export const text = (what: string): string => (/[<:]/.test(what) ? what : `${what} ${MARKUP}`);

/** Where the ids of what was planted are. */
export type Made = Record<string, string>;

/** A screen, and what has to be on it. */
export interface Place {
  path: (made: Made) => string;
  /** What `text` makes texts of; those that have markup themselves stay as they are. */
  shows: string[];
  /** What has to be opened first. */
  open?: (page: Page, made: Made) => Promise<void>;
}

interface Planting {
  what: string;
  plant: (page: Page, made: Made) => Promise<void>;
  places: Place[];
}

interface Identified {
  id: string;
}

/** The id of what a call makes. */
const make = async (page: Page, path: string, body: object): Promise<string> => (await api<Identified>(page, 'POST', path, body)).id;

const at = (path: string) => (): string => path;
const idOf = (made: Made, name: string): string => made[name] ?? '';
const encoded = (what: string): string => encodeURIComponent(text(what));
const press = (name: string) => async (page: Page): Promise<void> => page.getByRole('button', { name, exact: true }).click();

const SERVICE = `service${TIGHT}`;
const AUTHOR = `author${TIGHT}`;
const PERSON = `person${TIGHT}@${OUTSIDE}`;
const INVITED = `invited${TIGHT}@${OUTSIDE}`;
const SCOPE = `scope${TIGHT}`;

/** Markdown whose links lead to scripts: no link at all. */
const LINKS = ['[a link](javascript:planted=1)', '[a page](data:text/html,planted)'];

/** The code, from which all others hang; `hostile.py` has the names. */
const CODE: Planting = {
  what: 'code, files of it, and what is said of a version',
  plant: async (page, made) => {
    made.workflow = (await workflowIds(page))[text('workflow')] ?? '';
    const broken = `raise ValueError("build problem ${MARKUP}")\n`;
    const edits = { 'workflows/broken.py': broken, [`${text('code folder')}/${text('code file')}.md`]: `${text('code')}\n` };
    const { version } = await api<{ version: { number: number } }>(page, 'GET', '/api/workspace');
    const { number } = await api<{ number: number }>(page, 'POST', '/api/workspace/deploy', { edits: inBase64(edits), against: version.number, message: text('message') });
    made.version = String(number);
  },
  places: [
    { path: at('/workflows'), shows: ['workflow', 'workflow description', 'category', 'tag'] },
    { path: (made) => `/workflows/${idOf(made, 'workflow')}`, shows: ['workflow', 'workflow description', 'category', 'tag', 'default'] },
    { path: at(`/code?path=${encoded('code folder')}%2F${encoded('code file')}.md`), shows: ['code folder', 'code file', 'code'] },
    { path: at('/code?tab=versions'), shows: ['message'] },
    { path: (made) => `/code/versions/${idOf(made, 'version')}`, shows: ['message', 'build problem'] },
    { path: at('/code/edit?path=workflows/broken.py'), shows: ['build problem', 'code file'], open: openProblems },
    {
      path: at('/code/edit?path=workflows/hostile.py&run=workflows/hostile.py::named'),
      shows: ['log', 'result', 'result name'],
      open: async (page) => page.getByRole('region', { name: 'Run a draft' }).getByRole('button', { name: 'Run', exact: true }).click(),
    },
  ],
};

async function openProblems(page: Page): Promise<void> {
  await page.getByRole('region', { name: 'Problems' }).getByRole('button', { name: /error/ }).click();
  const folder = page.getByRole('tree', { name: 'Files' }).getByRole('treeitem', { name: /^code folder/ }).first();
  if ((await folder.getAttribute('aria-expanded')) === 'false') await folder.click();
}

const RUNS: Planting = {
  what: 'runs, and the notification of one',
  plant: async (page, made) => {
    await make(page, '/api/notification-rules', { name: text('rule'), event: 'run_failed', in_app: true });
    made.run = await execute(page, text('workflow'), { text: text('input') }, { sync: true });
    made.failed = await execute(page, text('workflow'), { fail: true }, { sync: true });
    // Who is to be told hears of it a moment later.
    const unread = async () => (await api<{ unread: number }>(page, 'GET', '/api/notifications')).unread;
    await expect.poll(unread).toBeGreaterThan(0);
  },
  places: [
    { path: at('/'), shows: ['workflow'] },
    { path: at('/runs'), shows: ['workflow'] },
    { path: (made) => `/runs/${idOf(made, 'run')}`, shows: ['workflow', 'result', 'result name'] },
    { path: (made) => `/runs/${idOf(made, 'run')}?tab=log`, shows: ['log'] },
    { path: (made) => `/runs/${idOf(made, 'run')}?tab=input`, shows: ['input'] },
    { path: (made) => `/runs/${idOf(made, 'failed')}`, shows: ['error'] },
    { path: at('/notifications'), shows: ['workflow', 'error'] },
    { path: at('/runs'), shows: ['error'], open: (page) => page.getByRole('button', { name: /^Notifications/ }).click() },
    { path: at('/notifications?tab=rules'), shows: ['rule'] },
  ],
};

const FORMS: Planting = {
  what: 'a form',
  plant: async (page, made) => {
    made.form = await make(page, '/api/forms', {
      name: text('form'),
      description: text('form description'),
      workflow: text('workflow'),
      access: 'granted',
      fields: [
        { name: 'intro', type: 'markdown', content: [text('markdown'), ...LINKS].join('\n\n') },
        { name: 'text', label: text('label'), type: 'text', help_text: text('help'), placeholder: text('placeholder'), required: true },
        { name: 'shape', label: 'Shape', type: 'radio', options: [{ label: text('option'), value: 'a' }] },
        { name: 'choice', label: 'Choice', type: 'select', data_provider: 'Planted choices' },
      ],
    });
  },
  places: [
    { path: at('/forms'), shows: ['form', 'form description'] },
    {
      path: (made) => `/forms/${idOf(made, 'form')}`,
      shows: ['form', 'form description', 'markdown', ...LINKS, 'label', 'help', 'placeholder', 'option', 'provided choice'],
    },
    { path: (made) => `/forms/${idOf(made, 'form')}`, shows: ['label'], open: press('Send') },
    { path: (made) => `/forms/${idOf(made, 'form')}/edit?field=text`, shows: ['label', 'help', 'placeholder'] },
    { path: (made) => `/forms/${idOf(made, 'form')}/edit?tab=settings`, shows: ['form', 'form description'] },
    { path: (made) => `/forms/${idOf(made, 'form')}/edit?tab=file`, shows: ['form'] },
    { path: (made) => `/workflows/${idOf(made, 'workflow')}?tab=forms`, shows: ['form'] },
  ],
};

const SCHEDULES: Planting = {
  what: 'a schedule, and an endpoint: its slug takes no markup, its workflow’s name is beside it',
  plant: async (page, made) => {
    const { workflow: workflow_id } = made;
    made.schedule = await make(page, '/api/schedules', { workflow_id, name: text('schedule'), cron_expression: '0 3 1 1 *', input_data: { text: text('schedule input') } });
    await make(page, '/api/endpoints', { workflow_id, slug: 'planted' });
  },
  places: [
    { path: at('/schedules'), shows: ['schedule', 'workflow'] },
    { path: (made) => `/schedules?edit=${idOf(made, 'schedule')}`, shows: ['schedule', 'schedule input'] },
    { path: (made) => `/workflows/${idOf(made, 'workflow')}?tab=schedules`, shows: ['schedule'] },
    { path: at('/endpoints'), shows: ['workflow'] },
    { path: (made) => `/workflows/${idOf(made, 'workflow')}?tab=endpoints`, shows: ['workflow'] },
  ],
};

const INTEGRATIONS: Planting = {
  what: 'an integration, its authorization server and the mapping of an organization',
  plant: async (page, made) => {
    made.organization = await make(page, '/api/organizations', { name: text('organization') });
    await make(page, '/api/integrations', {
      name: text('integration'),
      description: text('integration description'),
      config_schema: [{ key: 'base', type: 'string', description: text('value description') }],
      config: { base: text('value') },
      oauth: {
        flow: 'authorization_code',
        client_id: text('client'),
        authorization_url: `https://${OUTSIDE}/authorize`,
        token_url: `https://${OUTSIDE}/token`,
        scopes: [SCOPE],
        parameters: { prompt: text('parameter') },
      },
    });
    const mapping = { entity_id: text('entity'), entity_name: text('entity name') };
    await api(page, 'PUT', `/api/integrations/${encoded('integration')}/mappings/${idOf(made, 'organization')}`, mapping);
  },
  places: [
    { path: at('/integrations'), shows: ['integration', 'integration description'] },
    { path: at(`/integrations/${encoded('integration')}`), shows: ['integration', 'integration description', 'client', SCOPE] },
    { path: at(`/integrations/${encoded('integration')}?tab=values`), shows: ['value', 'value description'] },
    { path: at(`/integrations/${encoded('integration')}?tab=definition`), shows: ['value description', 'client', SCOPE, 'parameter'] },
    { path: at(`/integrations/${encoded('integration')}?tab=organizations`), shows: ['entity', 'entity name', 'organization'] },
    { path: at(`/integrations/${encoded('integration')}?tab=sharing`), shows: ['organization'] },
    { path: at(`/integrations/${encoded('integration')}`), shows: ['integration'], open: press('Delete') },
    // What anybody's link and any authorization server can bring along.
    { path: at(`/connected?integration=${encoded('integration')}`), shows: ['integration'] },
    { path: at(`/connected?problem=denied&detail=${encoded('detail')}`), shows: ['detail'] },
    { path: at(`/?problem=denied&detail=${encoded('detail')}`), shows: ['detail'] },
  ],
};

const WEBHOOKS: Planting = {
  what: 'a webhook, what is delivered, and which deliveries count',
  plant: async (page, made) => {
    const webhook = await api<Identified & { path: string }>(page, 'POST', '/api/webhooks', { kind: 'unsigned', confirm_unsigned: true, name: text('webhook') });
    made.webhook = webhook.id;
    made.subscription = await make(page, `/api/webhooks/${webhook.id}/subscriptions`, {
      workflow_id: made.workflow,
      filter: [{ pointer: `/${text('filter place')}`, equals: text('filter value') }],
      mapping: { text: `/${text('mapping place')}` },
    });
    const headers = { 'sec-fetch-site': 'same-origin', 'x-event-type': text('event'), 'x-planted': text('header') };
    const answer = await page.request.fetch(webhook.path, { method: 'POST', headers, data: { [text('body name')]: text('body') } });
    made.delivery = ((await answer.json()) as { delivery_id: string }).delivery_id;
  },
  places: [
    { path: at('/webhooks'), shows: ['webhook'] },
    { path: (made) => `/webhooks/${idOf(made, 'webhook')}`, shows: ['webhook', 'event'] },
    { path: (made) => `/webhooks/${idOf(made, 'webhook')}?delivery=${idOf(made, 'delivery')}`, shows: ['event', 'header', 'body', 'body name', 'workflow'] },
    { path: (made) => `/webhooks/${idOf(made, 'webhook')}?tab=subscriptions`, shows: ['filter place', 'filter value', 'mapping place', 'workflow'] },
    {
      path: (made) => `/webhooks/${idOf(made, 'webhook')}?tab=subscriptions&edit=${idOf(made, 'subscription')}`,
      shows: ['filter place', 'filter value', 'mapping place'],
    },
    { path: (made) => `/webhooks/${idOf(made, 'webhook')}?tab=settings`, shows: ['webhook'] },
  ],
};

const DATA: Planting = {
  what: 'tables, whose names take no markup, and files, whose locations take none',
  plant: async (page, made) => {
    made.table = await make(page, '/api/tables', { name: 'planted', description: text('table') });
    await api(page, 'POST', '/api/tables/planted/documents', { id: text('document id'), data: { [text('field')]: text('document') } });
    for (const path of [`${text('folder')}/${text('file')}.html`, 'javascript:planted=1/a.txt']) {
      const answer = await page.request.fetch(`/api/files/content?path=${encodeURIComponent(path)}`, {
        method: 'PUT',
        headers: { 'sec-fetch-site': 'same-origin', 'content-type': 'text/html' },
        data: MARKUP,
      });
      expect(answer.ok(), await answer.text()).toBe(true);
    }
  },
  places: [
    { path: at('/tables'), shows: ['table'] },
    { path: (made) => `/tables/${idOf(made, 'table')}`, shows: ['table', 'document id', 'field', 'document'] },
    { path: (made) => `/tables/${idOf(made, 'table')}?edit=id:${encoded('document id')}`, shows: ['document id', 'field', 'document'] },
    { path: (made) => `/tables/${idOf(made, 'table')}?tab=settings`, shows: ['table'] },
    { path: at('/files'), shows: ['folder', 'javascript:planted=1'] },
    { path: at(`/files?folder=${encoded('folder')}`), shows: ['folder', 'file'] },
    { path: at('/files?q=html'), shows: ['folder', 'file'] },
    { path: at(`/files?folder=${encoded('folder')}`), shows: ['file'], open: askToDelete },
    { path: at(`/files?location=${encoded('location')}`), shows: ['location'] },
  ],
};

async function askToDelete(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Actions of file/ }).click();
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await expect(page.getByRole('dialog', { name: /^Delete “file/ })).toBeVisible();
}

const PEOPLE: Planting = {
  what: 'people, service accounts, roles, keys, organizations and invitations: addresses take markup without blanks',
  plant: async (page, made) => {
    made.role = await make(page, '/api/roles', { name: text('role'), description: text('role description'), permissions: [] });
    made.person = await make(page, '/api/users', { email: PERSON, name: text('person') });
    await make(page, '/api/users', { email: SERVICE, kind: 'service', role: 'org_admin' });
    await api(page, 'POST', '/api/keys', { email: SERVICE, name: text('key'), role: 'org_admin' });
    await make(page, '/api/invitations', { email: INVITED, role: 'org_user' });
    for (const target of [{ workflow_id: made.workflow }, { form_id: made.form }]) {
      await make(page, '/api/grants', { ...target, role_id: made.role });
    }
  },
  places: [
    { path: at('/people'), shows: ['person', PERSON] },
    { path: (made) => `/people?user=${idOf(made, 'person')}`, shows: ['person', 'role'] },
    { path: at('/people?tab=services'), shows: [SERVICE] },
    { path: at('/people?tab=invitations'), shows: [INVITED] },
    { path: at('/people?tab=invitations'), shows: [INVITED], open: press('Revoke') },
    { path: at('/roles'), shows: ['role', 'role description'] },
    { path: (made) => `/roles?edit=${idOf(made, 'role')}`, shows: ['role', 'role description'] },
    { path: at('/roles?tab=grants'), shows: ['role', 'workflow', 'form'] },
    { path: (made) => `/forms/${idOf(made, 'form')}/edit?tab=access`, shows: ['role'] },
    { path: at('/keys'), shows: ['key', SERVICE] },
    { path: at('/organizations'), shows: ['organization'] },
    { path: (made) => `/organizations/${idOf(made, 'organization')}`, shows: ['organization'] },
    // In the chooser of the top bar.
    { path: (made) => `/?org=${idOf(made, 'organization')}`, shows: ['organization'] },
  ],
};

const REVIEW: Planting = {
  what: 'the comment of a review',
  plant: async (page, made) => {
    const of = idOf(made, 'organization');
    await api(page, 'PATCH', `/api/organizations/${of}`, { requires_review: true });
    await api(page, 'POST', '/api/users', { email: AUTHOR, kind: 'service', role: 'org_admin' }, of);
    const { key } = await api<{ key: string }>(page, 'POST', '/api/keys', { email: AUTHOR, name: 'deploys', role: 'org_admin' }, of);
    // Without the browser's session.
    const answer = await fetch(`${idOf(made, 'origin')}/api/workspace/deploy`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ files: inBase64({ 'workflows/reviewed.py': workflowCode('reviewed') }) }),
    });
    const told = await answer.text();
    expect(answer.ok, told).toBe(true);
    const { number } = JSON.parse(told) as { number: number };
    await api(page, 'POST', `/api/workspace/versions/${number}/reject`, { comment: text('comment') }, of);
    made.rejected = String(number);
  },
  places: [{ path: (made) => `/code/versions/${idOf(made, 'rejected')}?org=${idOf(made, 'organization')}`, shows: ['comment', AUTHOR] }],
};

const SETTINGS: Planting = {
  what: 'settings, channels, and what the audit log says of all',
  plant: async (page) => {
    await api(page, 'PUT', `/api/config/${encoded('setting')}`, { value: text('setting value'), description: text('setting description') });
    await make(page, '/api/notification-channels', { kind: 'webhook', name: text('channel'), url: `https://${OUTSIDE}/` });
  },
  places: [
    { path: at('/config'), shows: ['setting', 'setting value', 'setting description'] },
    { path: at(`/config?edit=${encoded('setting')}`), shows: ['setting value', 'setting description'] },
    { path: at('/notifications?tab=channels'), shows: ['channel'] },
    { path: at('/audit?action=config.set'), shows: ['setting'] },
    { path: at('/audit?action=role.create'), shows: ['role'], open: openEntry },
    { path: at(`/audit?target=${encoded('target')}`), shows: ['target'] },
    { path: at('/'), shows: ['workflow', 'form', 'organization'], open: openPalette },
    // The question, and then what a corner of the page says.
    { path: at('/config'), shows: ['setting'], open: (page) => page.getByRole('button', { name: /^Delete setting/ }).click() },
    { path: at('/config'), shows: ['setting'], open: deleteSetting },
  ],
};

async function openEntry(page: Page): Promise<void> {
  await page.getByRole('main').getByRole('button', { expanded: false }).first().click();
}

async function openPalette(page: Page): Promise<void> {
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
  await page.keyboard.press('Control+k');
  await expect(page.getByRole('combobox', { name: 'Search and commands' })).toBeVisible();
}

async function deleteSetting(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Delete setting/ }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
}

const PROGRAMS: Planting = {
  what: 'what a command line and a browser say that they are',
  plant: async (page, made) => {
    const form = { client_id: 'bifrost-cli', description: text('command line') };
    const device = await page.request.fetch('/api/device/code', { method: 'POST', headers: { 'sec-fetch-site': 'same-origin' }, form });
    made.code = ((await device.json()) as { user_code: string }).user_code;
    const headers = { 'sec-fetch-site': 'same-origin', 'user-agent': text('program') };
    const { email, password } = ADMIN;
    const answer = await page.request.fetch('/api/sign-in/password', { method: 'POST', headers, data: { email, password } });
    expect(answer.ok(), await answer.text()).toBe(true);
  },
  places: [
    { path: (made) => `/device?code=${idOf(made, 'code')}`, shows: ['command line'] },
    { path: at('/account'), shows: ['program'] },
  ],
};

/** In their order: later ones name what earlier ones made. */
export const PLANTINGS = [CODE, RUNS, FORMS, SCHEDULES, INTEGRATIONS, WEBHOOKS, DATA, PEOPLE, REVIEW, SETTINGS, PROGRAMS];
