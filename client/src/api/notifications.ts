/** Notifications, where they are sent, and the time that workflows have saved. */
import { queryOptions } from '@tanstack/react-query';
import { scopeHeaders } from './client';
import { problemOf } from './problem';
import type { Schemas } from './types';

export const EVENTS = [
  'run_failed',
  'connection_broken',
  'schedule_missed',
  'delivery_failed',
  'webhook_broken',
] as const satisfies readonly NotificationEvent[];

export type NotificationEvent = Schemas['NotificationKind'];
export type Notification = Schemas['NotificationView'];
export type Channel = Schemas['NotificationChannelView'];
export type CreatedChannel = Schemas['CreatedNotificationChannel'];
export type Rule = Schemas['NotificationRuleView'];
export type TimeSaved = Schemas['TimeSaved'];

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
    queryFn: ({ signal }) => ask<Schemas['NotificationList']>(`/api/notifications?${new URLSearchParams(query)}`, { signal }),
  });

export const unreadQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['notifications', organization, 'unread'],
    queryFn: ({ signal }) => ask<Schemas['UnreadNotifications']>('/api/notifications/unread', { signal }),
    select: (answer) => answer.unread,
    staleTime: 30_000,
  });

export const channelsQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['notification-channels', organization],
    queryFn: ({ signal }) => ask<Schemas['NotificationChannelList']>('/api/notification-channels', { signal }),
  });

export const rulesQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['notification-rules', organization],
    queryFn: ({ signal }) => ask<Schemas['NotificationRuleList']>('/api/notification-rules', { signal }),
    select: (answer) => answer.rules,
  });

export const timeSavedQuery = (organization: string | undefined, from: string, to: string, by: 'month' | 'workflow' | 'organization') =>
  queryOptions({
    queryKey: ['time-saved', organization, from, to, by],
    queryFn: ({ signal }) =>
      ask<TimeSaved>(`/api/usage/time-saved?${new URLSearchParams({ from, to, by })}`, { signal }),
    staleTime: 60_000,
  });
