/** Notifications, where they are sent, and the time that workflows have saved. */
import { queryOptions } from '@tanstack/react-query';
import { scopeHeaders } from './client';
import { problemOf } from './problem';

export const EVENTS = ['run_failed', 'connection_broken', 'schedule_missed'] as const;
export type NotificationEvent = (typeof EVENTS)[number];

export interface Notification {
  id: string;
  organization_id: string;
  event: NotificationEvent;
  /** Of a workflow, a connection or a schedule. */
  subject_id: string;
  name: string;
  summary: string;
  error: string | null;
  execution_id: string | null;
  count: number;
  first_at: string;
  last_at: string;
  read: boolean;
}

export interface NotificationList {
  notifications: Notification[];
  unread: number;
  next_cursor: string | null;
}

export interface Channel {
  id: string;
  name: string;
  kind: 'email' | 'webhook';
  addresses: string[];
  url: string | null;
  full_errors: boolean;
  enabled: boolean;
  sent_at: string | null;
  failed_at: string | null;
  error: string | null;
  /** What requests are signed with: once, when it was made. */
  secret?: string;
}

export interface Rule {
  id: string;
  name: string;
  event: NotificationEvent;
  workflow_ids: string[];
  only_scheduled: boolean;
  completed_with_errors: boolean;
  in_app: boolean;
  channel_ids: string[];
  enabled: boolean;
}

export interface TimeSaved {
  from: string;
  to: string;
  entries: {
    month: string;
    workflow_id?: string;
    workflow_name?: string;
    runs: number;
    minutes: number;
    value: number;
  }[];
  total: { runs: number; minutes: number; value: number };
}

interface Request {
  method?: 'POST' | 'PATCH' | 'DELETE';
  body?: unknown;
  signal?: AbortSignal;
}

/** Asks the API; throws a `ProblemError` where it refuses. */
export async function ask<T>(path: string, { method, body, signal }: Request = {}): Promise<T> {
  const response = await fetch(path, {
    method: method ?? 'GET',
    headers: { ...scopeHeaders(), ...(body === undefined ? {} : { 'Content-Type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  });
  const answer: unknown = response.status === 204 ? undefined : await response.json().catch(() => undefined);
  if (!response.ok) throw problemOf(response.status, answer);
  return answer as T;
}

export const notificationsQuery = (organization: string | undefined, query: Record<string, string>) =>
  queryOptions({
    queryKey: ['notifications', organization, query],
    queryFn: ({ signal }) => ask<NotificationList>(`/api/notifications?${new URLSearchParams(query)}`, { signal }),
  });

export const unreadQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['notifications', organization, 'unread'],
    queryFn: ({ signal }) => ask<{ unread: number }>('/api/notifications/unread', { signal }),
    select: (answer) => answer.unread,
    staleTime: 30_000,
  });

export const channelsQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['notification-channels', organization],
    queryFn: ({ signal }) => ask<{ channels: Channel[]; has_mail: boolean }>('/api/notification-channels', { signal }),
  });

export const rulesQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['notification-rules', organization],
    queryFn: ({ signal }) => ask<{ rules: Rule[] }>('/api/notification-rules', { signal }),
    select: (answer) => answer.rules,
  });

export const timeSavedQuery = (organization: string | undefined, from: string, to: string, by: 'month' | 'workflow') =>
  queryOptions({
    queryKey: ['time-saved', organization, from, to, by],
    queryFn: ({ signal }) =>
      ask<TimeSaved>(`/api/usage/time-saved?${new URLSearchParams({ from, to, by })}`, { signal }),
    staleTime: 60_000,
  });
