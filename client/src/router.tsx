/** All screens, each with what its URL may say. A screen's code is loaded when it is opened. */
import type { QueryClient } from '@tanstack/react-query';
import { createRoute, createRouter, lazyRouteComponent, redirect } from '@tanstack/react-router';
import { currentOrganization } from '@/api/client';
import { logQuery, runQuery } from '@/api/queries';
import { NotFound, Pending, ScreenError } from '@/frame/fallbacks';
import { LEVELS } from '@/lib/log-store';
import { oneOf, parseSearch, positive, someOf, stringifySearch, text, texts, uuid } from '@/lib/search';
import {
  about,
  account,
  audit,
  keys,
  network,
  notifications,
  operations,
  organization,
  organizations,
  people,
  providers,
  reviews,
  roles,
  settings,
} from '@/routes/administration';
import { app, root, secondFactor, signIn } from '@/routes/frame';
import {
  DELIVERY_STATES,
  EDITOR_VIEWS,
  INTEGRATION_TABS,
  KINDS,
  MAX_WHERE,
  ORIGINS,
  RUN_TABS,
  WEBHOOK_TABS,
  WORKFLOW_TABS,
  builderSearch,
  clean,
  list,
  type BuilderSearch,
  type CodeSearch,
  type EditorSearch,
  type FilesSearch,
  type IntegrationTab,
  type ListSearch,
  type Raw,
  type Returned,
  type RunSearch,
  type RunsSearch,
  type TableSearch,
  type WebhookSearch,
  type WorkflowKind,
  type WorkflowTab,
} from '@/routes/search';
import { STATUSES } from '@/ui/status';

/** So long the screen before is shown for what the next one needs, in milliseconds. */
const PATIENCE = 300;

/** Any other address, within the frame. */
const elsewhere = createRoute({ getParentRoute: () => app, path: '$', component: NotFound });

const device = createRoute({
  getParentRoute: () => app,
  path: '/device',
  validateSearch: (raw: Raw): { code?: string } => clean({ code: text(raw.code) }),
  component: lazyRouteComponent(() => import('./screens/device/device-screen'), 'DeviceScreen'),
});

const home = createRoute({
  getParentRoute: () => app,
  path: '/',
  validateSearch: (raw: Raw): { days?: '7' } & Returned =>
    clean({ days: oneOf(['7'], raw.days), problem: text(raw.problem), detail: text(raw.detail) }),
  // Where authorization servers send people back to when something went wrong.
  beforeLoad: ({ search: { problem, detail } }) => {
    if (problem !== undefined) throw redirect({ to: '/connected', search: clean({ problem, detail }) });
  },
  component: lazyRouteComponent(() => import('./screens/home/home-screen'), 'HomeScreen'),
});

const workflows = createRoute({
  getParentRoute: () => app,
  path: '/workflows',
  validateSearch: (raw: Raw): { q?: string; category?: string; tag?: string; kind?: WorkflowKind } =>
    clean({ q: text(raw.q), category: text(raw.category), tag: text(raw.tag), kind: oneOf(KINDS, raw.kind) }),
  component: lazyRouteComponent(() => import('./screens/workflows/workflows-screen'), 'WorkflowsScreen'),
});

const workflow = createRoute({
  getParentRoute: () => app,
  path: '/workflows/$id',
  validateSearch: (raw: Raw): { tab?: WorkflowTab; from?: string; edit?: string } =>
    clean({ tab: oneOf(WORKFLOW_TABS, raw.tab), from: uuid(raw.from), edit: text(raw.edit) }),
  component: lazyRouteComponent(() => import('./screens/workflow/workflow-screen'), 'WorkflowScreen'),
});

const forms = createRoute({
  getParentRoute: () => app,
  path: '/forms',
  validateSearch: (raw: Raw): { q?: string } => clean({ q: text(raw.q) }),
  component: lazyRouteComponent(() => import('./screens/forms/forms-screen'), 'FormsScreen'),
});

const form = createRoute({
  getParentRoute: () => app,
  path: '/forms/$id',
  // Any name: which of them count, the form says.
  validateSearch: (raw: Raw): object => texts(raw),
  component: lazyRouteComponent(() => import('./screens/forms/fill-screen'), 'FillScreen'),
});

const formNew = createRoute({
  getParentRoute: () => app,
  path: '/forms/new',
  validateSearch: (raw: Raw): BuilderSearch & { workflow?: string; from?: string } =>
    clean({ ...builderSearch(raw), workflow: uuid(raw.workflow), from: uuid(raw.from) }),
  component: lazyRouteComponent(() => import('./screens/forms/builder-screen'), 'NewFormScreen'),
});

const formEdit = createRoute({
  getParentRoute: () => app,
  path: '/forms/$id/edit',
  validateSearch: (raw: Raw): BuilderSearch => clean(builderSearch(raw)),
  component: lazyRouteComponent(() => import('./screens/forms/builder-screen'), 'EditFormScreen'),
});

const runs = createRoute({
  getParentRoute: () => app,
  path: '/runs',
  validateSearch: (raw: Raw): RunsSearch =>
    clean({
      status: someOf(STATUSES, raw.status),
      workflow: uuid(raw.workflow),
      person: uuid(raw.person),
      origin: oneOf(ORIGINS, raw.origin),
      error: text(raw.error),
      schedule: uuid(raw.schedule),
      from: text(raw.from),
      to: text(raw.to),
      cursor: uuid(raw.cursor),
    }),
  component: lazyRouteComponent(() => import('./screens/runs/runs-screen'), 'RunsScreen'),
});

const run = createRoute({
  getParentRoute: () => app,
  path: '/runs/$id',
  validateSearch: (raw: Raw): RunSearch =>
    clean({
      tab: oneOf(RUN_TABS, raw.tab),
      line: positive(raw.line),
      level: oneOf(LEVELS, raw.level),
      q: text(raw.q),
    }),
  // A run that was just asked for writes its first lines at once: they are asked for while the screen is loaded, but
  // not by whoever only points at a link, and not of a run that is refused. What takes longer the screen waits for.
  preload: false,
  loader: async ({ context: { client }, params: { id } }) => {
    const organization = currentOrganization();
    const asked = client.fetchQuery(runQuery(organization, id)).then(
      () => void client.prefetchQuery(logQuery(organization, id)),
      () => undefined,
    );
    await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, PATIENCE))]);
  },
  component: lazyRouteComponent(() => import('./screens/run/run-screen'), 'RunScreen'),
});

const config = createRoute({
  getParentRoute: () => app,
  path: '/config',
  validateSearch: (raw: Raw): { q?: string; edit?: string; sort?: string } =>
    clean({ q: text(raw.q), edit: text(raw.edit), sort: text(raw.sort) }),
  component: lazyRouteComponent(() => import('./screens/config/config-screen'), 'ConfigScreen'),
});

const connected = createRoute({
  getParentRoute: () => root,
  path: '/connected',
  validateSearch: (raw: Raw): Returned => clean({ integration: text(raw.integration), problem: text(raw.problem), detail: text(raw.detail) }),
  component: lazyRouteComponent(() => import('./screens/integrations/connected-screen'), 'ConnectedScreen'),
});

const integrations = createRoute({
  getParentRoute: () => app,
  path: '/integrations',
  validateSearch: (raw: Raw): ListSearch => list(raw),
  component: lazyRouteComponent(() => import('./screens/integrations/integrations-screen'), 'IntegrationsScreen'),
});

const integration = createRoute({
  getParentRoute: () => app,
  path: '/integrations/$name',
  validateSearch: (raw: Raw): ListSearch & { tab?: IntegrationTab } => clean({ ...list(raw), tab: oneOf(INTEGRATION_TABS, raw.tab) }),
  component: lazyRouteComponent(() => import('./screens/integrations/integration-screen'), 'IntegrationScreen'),
});

const webhooks = createRoute({
  getParentRoute: () => app,
  path: '/webhooks',
  validateSearch: (raw: Raw): ListSearch => list(raw),
  component: lazyRouteComponent(() => import('./screens/webhooks/webhooks-screen'), 'WebhooksScreen'),
});

const webhook = createRoute({
  getParentRoute: () => app,
  path: '/webhooks/$id',
  validateSearch: (raw: Raw): WebhookSearch =>
    clean({
      tab: oneOf(WEBHOOK_TABS, raw.tab),
      state: oneOf(DELIVERY_STATES, raw.state),
      cursor: uuid(raw.cursor),
      delivery: uuid(raw.delivery),
      edit: text(raw.edit),
    }),
  component: lazyRouteComponent(() => import('./screens/webhooks/webhook-screen'), 'WebhookScreen'),
});

const endpoints = createRoute({
  getParentRoute: () => app,
  path: '/endpoints',
  validateSearch: (raw: Raw): ListSearch => list(raw),
  component: lazyRouteComponent(() => import('./screens/endpoints/endpoints-screen'), 'EndpointsScreen'),
});

const tables = createRoute({
  getParentRoute: () => app,
  path: '/tables',
  validateSearch: (raw: Raw): ListSearch => list(raw),
  component: lazyRouteComponent(() => import('./screens/tables/tables-screen'), 'TablesScreen'),
});

const table = createRoute({
  getParentRoute: () => app,
  path: '/tables/$id',
  validateSearch: (raw: Raw): TableSearch =>
    clean({
      tab: oneOf(['settings'], raw.tab),
      where: typeof raw.where === 'string' && raw.where.length <= MAX_WHERE ? raw.where : undefined,
      sort: text(raw.sort),
      offset: positive(raw.offset),
      edit: text(raw.edit),
    }),
  component: lazyRouteComponent(() => import('./screens/tables/table-screen'), 'TableScreen'),
});

const files = createRoute({
  getParentRoute: () => app,
  path: '/files',
  validateSearch: (raw: Raw): FilesSearch =>
    clean({ location: text(raw.location), folder: text(raw.folder), cursor: text(raw.cursor), q: text(raw.q), sort: text(raw.sort) }),
  component: lazyRouteComponent(() => import('./screens/files/files-screen'), 'FilesScreen'),
});

const schedules = createRoute({
  getParentRoute: () => app,
  path: '/schedules',
  validateSearch: (raw: Raw): { edit?: string; workflow?: string; sort?: string } =>
    clean({ edit: text(raw.edit), workflow: uuid(raw.workflow), sort: text(raw.sort) }),
  component: lazyRouteComponent(() => import('./screens/schedules/schedules-screen'), 'SchedulesScreen'),
});

const code = createRoute({
  getParentRoute: () => app,
  path: '/code',
  validateSearch: (raw: Raw): CodeSearch =>
    clean({
      tab: oneOf(['versions', 'packages', 'shared'], raw.tab),
      path: text(raw.path),
      line: positive(raw.line),
      version: uuid(raw.version),
    }),
  component: lazyRouteComponent(() => import('./screens/code/code-screen'), 'CodeScreen'),
});

const editor = createRoute({
  getParentRoute: () => app,
  path: '/code/edit',
  validateSearch: (raw: Raw): EditorSearch =>
    clean({
      path: text(raw.path),
      line: positive(raw.line),
      view: oneOf(EDITOR_VIEWS, raw.view),
      q: text(raw.q),
      how: text(raw.how),
      run: text(raw.run),
      make: oneOf(['1'], raw.make),
    }),
  component: lazyRouteComponent(() => import('./screens/editor/editor-screen'), 'EditorScreen'),
});

const version = createRoute({
  getParentRoute: () => app,
  path: '/code/versions/$number',
  validateSearch: (raw: Raw): { against?: number } => clean({ against: positive(raw.against) }),
  component: lazyRouteComponent(() => import('./screens/code/version-screen'), 'VersionScreen'),
});

const tree = root.addChildren([
  signIn,
  secondFactor,
  connected,
  app.addChildren([
    device,
    home,
    workflows,
    workflow,
    forms,
    form,
    formNew,
    formEdit,
    runs,
    run,
    config,
    integrations,
    integration,
    webhooks,
    webhook,
    endpoints,
    tables,
    table,
    files,
    schedules,
    code,
    editor,
    version,
    account,
    people,
    roles,
    keys,
    network,
    notifications,
    audit,
    organizations,
    organization,
    reviews,
    providers,
    operations,
    settings,
    about,
    elsewhere,
  ]),
]);

export function createAppRouter(client: QueryClient) {
  return createRouter({
    routeTree: tree,
    context: { client },
    parseSearch,
    stringifySearch,
    defaultPreload: 'intent',
    defaultPendingComponent: Pending,
    defaultErrorComponent: ScreenError,
    scrollRestoration: true,
    // What a screen did not check it does not get.
    search: { strict: true },
  });
}
