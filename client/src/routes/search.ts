/** What the URLs of screens may say. */
import type { LEVELS } from '@/lib/log-store';
import { oneOf, text } from '@/lib/search';

/** What stands in a URL, before it is checked. */
export type Raw = Record<string, unknown>;

export const KINDS = ['workflow', 'tool', 'data_provider'] as const;
export type WorkflowKind = (typeof KINDS)[number];

export const WORKFLOW_TABS = ['runs', 'forms', 'schedules', 'endpoints', 'code', 'versions', 'call'] as const;
export type WorkflowTab = (typeof WORKFLOW_TABS)[number];

export const RUN_TABS = ['log', 'result', 'input', 'variables', 'calls'] as const;
export type RunTab = (typeof RUN_TABS)[number];

export interface CodeSearch {
  tab?: 'versions' | 'packages' | 'shared';
  path?: string;
  line?: number;
  /** The id of another version than the active one, whose files are shown. */
  version?: string;
}

export const EDITOR_VIEWS = ['search', 'changes'] as const;

export interface EditorSearch {
  path?: string;
  line?: number;
  view?: (typeof EDITOR_VIEWS)[number];
  /** What is searched for, and how: letters of `c` (case), `w` (whole word) and `r` (regular expression). */
  q?: string;
  how?: string;
  /** The workflow beside the code, as `path::function`; `+` for whichever fits. */
  run?: string;
  /** Asks for the path of a new file. */
  make?: '1';
}

export interface RunSearch {
  tab?: RunTab;
  line?: number;
  level?: (typeof LEVELS)[number];
  q?: string;
}

export const ORIGINS = ['person', 'schedule', 'webhook', 'form', 'endpoint', 'workflow'] as const;
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
export interface ListSearch {
  q?: string;
  sort?: string;
  edit?: string;
}

/** With what somebody comes back from an authorization server. */
export interface Returned {
  integration?: string;
  problem?: string;
  detail?: string;
}

export const INTEGRATION_TABS = ['connection', 'values', 'definition', 'organizations', 'sharing'] as const;
export type IntegrationTab = (typeof INTEGRATION_TABS)[number];

export const WEBHOOK_TABS = ['subscriptions', 'test', 'settings'] as const;
export type WebhookTab = (typeof WEBHOOK_TABS)[number];

export const DELIVERY_STATES = ['pending', 'done', 'ignored', 'failed'] as const;

export interface WebhookSearch {
  tab?: WebhookTab;
  state?: (typeof DELIVERY_STATES)[number];
  cursor?: string;
  delivery?: string;
  edit?: string;
}

/** Longest filter of documents that a URL holds. */
export const MAX_WHERE = 4_000;

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

export const builderSearch = (raw: Raw) => ({ tab: oneOf(BUILDER_TABS, raw.tab), field: text(raw.field) });

type Cleaned<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Leaves out what is not set, so that it does not stand in the URL. */
export function clean<T extends object>(search: T): Cleaned<T> {
  return Object.fromEntries(Object.entries(search).filter(([, value]) => value !== undefined)) as Cleaned<T>;
}

export const list = (raw: Raw): ListSearch => clean({ q: text(raw.q), sort: text(raw.sort), edit: text(raw.edit) });

/** A path of this platform; never an address elsewhere. */
export function localPath(value: unknown): string | undefined {
  const path = text(value);
  return path !== undefined && /^\/(?![/\\])/.test(path) ? path : undefined;
}
