/** All screens, each with what its URL may say. A screen's code is loaded when it is opened. */
import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
  retainSearchParams,
} from '@tanstack/react-router';
import { setOrganization } from '@/api/client';
import { isSignedOut, ProblemError } from '@/api/problem';
import { meQuery } from '@/api/session';
import { Frame } from '@/frame/frame';
import { live } from '@/frame/live';
import { NotFound, Pending, ScreenError } from '@/frame/fallbacks';
import { LEVELS } from '@/lib/log-store';
import { oneOf, parseSearch, positive, someOf, stringifySearch, text, texts, uuid } from '@/lib/search';
import { STATUSES } from '@/ui/status';

type Raw = Record<string, unknown>;

const root = createRootRouteWithContext<{ client: QueryClient }>()({
  validateSearch: (raw: Raw): { org?: string } => clean({ org: uuid(raw.org) }),
  search: { middlewares: [retainSearchParams(['org'])] },
  component: Outlet,
  notFoundComponent: NotFound,
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: '/sign-in',
  validateSearch: (raw: Raw): { next?: string; problem?: string } =>
    clean({ next: localPath(raw.next), problem: text(raw.problem) }),
  // Whoever signs in may not know the organization that was looked at before.
  beforeLoad: () => setOrganization(undefined),
  component: lazyRouteComponent(() => import('./screens/sign-in/sign-in-screen'), 'SignInScreen'),
});

const app = createRoute({
  getParentRoute: () => root,
  id: 'app',
  component: Frame,
  beforeLoad: async ({ context, search, location }) => {
    setOrganization(search.org);
    live.setOrganization(search.org);
    try {
      await context.client.ensureQueryData(meQuery);
    } catch (error) {
      if (isSignedOut(error)) throw redirect({ to: '/sign-in', search: { next: location.href } });
      // An organization that is gone: back to the own one.
      if (search.org !== undefined && error instanceof ProblemError && error.status === 404) {
        throw redirect({ to: '/', search: { org: undefined } });
      }
      throw error;
    }
  },
});

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
  validateSearch: (raw: Raw): { tab?: 'versions' | 'packages' | 'shared'; path?: string; line?: number } =>
    clean({ tab: oneOf(['versions', 'packages', 'shared'], raw.tab), path: text(raw.path), line: positive(raw.line) }),
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
    }),
  component: lazyRouteComponent(() => import('./screens/editor/editor-screen'), 'EditorScreen'),
});

const version = createRoute({
  getParentRoute: () => app,
  path: '/code/versions/$number',
  validateSearch: (raw: Raw): { against?: number } => clean({ against: positive(raw.against) }),
  component: lazyRouteComponent(() => import('./screens/code/version-screen'), 'VersionScreen'),
});

const account = createRoute({
  getParentRoute: () => app,
  path: '/account',
  component: lazyRouteComponent(() => import('./screens/account/account-screen'), 'AccountScreen'),
});

const people = createRoute({
  getParentRoute: () => app,
  path: '/people',
  validateSearch: (raw: Raw): { tab?: 'invitations' | 'services'; q?: string; inactive?: '1'; user?: string; sort?: string } =>
    clean({
      tab: oneOf(['invitations', 'services'], raw.tab),
      q: text(raw.q),
      inactive: oneOf(['1'], raw.inactive),
      user: uuid(raw.user),
      sort: text(raw.sort),
    }),
  component: lazyRouteComponent(() => import('./screens/people/people-screen'), 'PeopleScreen'),
});

const roles = createRoute({
  getParentRoute: () => app,
  path: '/roles',
  validateSearch: (raw: Raw): { tab?: 'grants'; edit?: string } =>
    clean({ tab: oneOf(['grants'], raw.tab), edit: text(raw.edit) }),
  component: lazyRouteComponent(() => import('./screens/roles/roles-screen'), 'RolesScreen'),
});

const keys = createRoute({
  getParentRoute: () => app,
  path: '/keys',
  validateSearch: (raw: Raw): { all?: '1'; sort?: string } =>
    clean({ all: oneOf(['1'], raw.all), sort: text(raw.sort) }),
  component: lazyRouteComponent(() => import('./screens/keys/keys-screen'), 'KeysScreen'),
});

const network = createRoute({
  getParentRoute: () => app,
  path: '/network',
  component: lazyRouteComponent(() => import('./screens/network/network-screen'), 'NetworkScreen'),
});

const notifications = createRoute({
  getParentRoute: () => app,
  path: '/notifications',
  validateSearch: (raw: Raw): NotificationsSearch =>
    clean({
      tab: oneOf(['rules', 'channels'], raw.tab),
      edit: text(raw.edit),
      unread: oneOf(['1'], raw.unread),
      cursor: text(raw.cursor),
    }),
  component: lazyRouteComponent(() => import('./screens/notifications/notifications-screen'), 'NotificationsScreen'),
});

const audit = createRoute({
  getParentRoute: () => app,
  path: '/audit',
  validateSearch: (raw: Raw): AuditSearch =>
    clean({
      actor: text(raw.actor),
      action: text(raw.action),
      target: text(raw.target),
      since: text(raw.since),
      until: text(raw.until),
      cursor: positive(raw.cursor),
    }),
  component: lazyRouteComponent(() => import('./screens/audit/audit-screen'), 'AuditScreen'),
});

const organizations = createRoute({
  getParentRoute: () => app,
  path: '/organizations',
  validateSearch: (raw: Raw): { q?: string; sort?: string } => clean({ q: text(raw.q), sort: text(raw.sort) }),
  component: lazyRouteComponent(() => import('./screens/organizations/organizations-screen'), 'OrganizationsScreen'),
});

const organization = createRoute({
  getParentRoute: () => app,
  path: '/organizations/$id',
  component: lazyRouteComponent(() => import('./screens/organizations/organization-screen'), 'OrganizationScreen'),
});

const providers = createRoute({
  getParentRoute: () => app,
  path: '/identity-providers',
  validateSearch: (raw: Raw): { edit?: string } => clean({ edit: text(raw.edit) }),
  component: lazyRouteComponent(() => import('./screens/providers/providers-screen'), 'ProvidersScreen'),
});

const operations = createRoute({
  getParentRoute: () => app,
  path: '/operations',
  validateSearch: (raw: Raw): { state?: 'retried' | 'failed'; replayed?: 'yes' | 'no'; cursor?: string } =>
    clean({
      state: oneOf(['retried', 'failed'], raw.state),
      replayed: oneOf(['yes', 'no'], raw.replayed),
      cursor: uuid(raw.cursor),
    }),
  component: lazyRouteComponent(() => import('./screens/operations/operations-screen'), 'OperationsScreen'),
});

const KINDS = ['workflow', 'tool', 'data_provider'] as const;
type WorkflowKind = (typeof KINDS)[number];

const WORKFLOW_TABS = ['runs', 'forms', 'schedules', 'endpoints', 'code', 'versions', 'call'] as const;
export type WorkflowTab = (typeof WORKFLOW_TABS)[number];

export const RUN_TABS = ['log', 'result', 'input', 'variables'] as const;
export type RunTab = (typeof RUN_TABS)[number];

const EDITOR_VIEWS = ['search', 'changes'] as const;

export interface EditorSearch {
  path?: string;
  line?: number;
  view?: (typeof EDITOR_VIEWS)[number];
  /** What is searched for, and how: letters of `c` (case), `w` (whole word) and `r` (regular expression). */
  q?: string;
  how?: string;
  /** The workflow beside the code, as `path::function`; `+` for whichever fits. */
  run?: string;
}

export interface RunSearch {
  tab?: RunTab;
  line?: number;
  level?: (typeof LEVELS)[number];
  q?: string;
}

const ORIGINS = ['person', 'schedule', 'webhook', 'form', 'endpoint', 'workflow'] as const;
/** What asked for a run. */
export type Origin = (typeof ORIGINS)[number];

export interface RunsSearch {
  /** One or several, with commas. */
  status?: string;
  workflow?: string;
  person?: string;
  origin?: Origin;
  /** The type of an error. */
  error?: string;
  schedule?: string;
  from?: string;
  to?: string;
  cursor?: string;
}

export interface NotificationsSearch {
  tab?: 'rules' | 'channels';
  edit?: string;
  unread?: '1';
  cursor?: string;
}

export interface AuditSearch {
  actor?: string;
  action?: string;
  target?: string;
  since?: string;
  until?: string;
  cursor?: number;
}

/** What most lists have: a search, an order, and what is open. */
interface ListSearch {
  q?: string;
  sort?: string;
  edit?: string;
}

/** With what somebody comes back from an authorization server. */
interface Returned {
  integration?: string;
  problem?: string;
  detail?: string;
}

const INTEGRATION_TABS = ['connection', 'values', 'definition', 'organizations', 'sharing'] as const;
export type IntegrationTab = (typeof INTEGRATION_TABS)[number];

const WEBHOOK_TABS = ['subscriptions', 'test', 'settings'] as const;
export type WebhookTab = (typeof WEBHOOK_TABS)[number];

const DELIVERY_STATES = ['pending', 'done', 'ignored', 'failed'] as const;

export interface WebhookSearch {
  tab?: WebhookTab;
  state?: (typeof DELIVERY_STATES)[number];
  cursor?: string;
  delivery?: string;
  edit?: string;
}

/** Longest filter of documents that a URL holds. */
const MAX_WHERE = 4_000;

export interface TableSearch {
  tab?: 'settings';
  where?: string;
  sort?: string;
  offset?: number;
  edit?: string;
}

export interface FilesSearch {
  location?: string;
  folder?: string;
  cursor?: string;
  q?: string;
  sort?: string;
}
const BUILDER_TABS = ['settings', 'access', 'file'] as const;

/** What the builder of forms shows: a tab, and one of the fields. */
export interface BuilderSearch {
  tab?: (typeof BUILDER_TABS)[number];
  field?: string;
}

const builderSearch = (raw: Raw) => ({ tab: oneOf(BUILDER_TABS, raw.tab), field: text(raw.field) });

type Cleaned<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Leaves out what is not set, so that it does not stand in the URL. */
function clean<T extends object>(search: T): Cleaned<T> {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as Cleaned<T>;
}

const list = (raw: Raw): ListSearch => clean({ q: text(raw.q), sort: text(raw.sort), edit: text(raw.edit) });

/** A path of this platform; never an address elsewhere. */
function localPath(value: unknown): string | undefined {
  const path = text(value);
  return path !== undefined && /^\/(?![/\\])/.test(path) ? path : undefined;
}

const tree = root.addChildren([
  signIn,
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
    providers,
    operations,
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
