/** Notifications, where they are sent, and the time that workflows have saved. */
import { queryOptions } from '@tanstack/react-query';
import { api, call } from './client';
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

export const notificationsQuery = (organization: string | undefined, query: { cursor?: string; limit?: number; unread?: boolean }) =>
  queryOptions({
    queryKey: ['notifications', organization, query],
    queryFn: ({ signal }) => call(api.GET('/api/notifications', { params: { query }, signal })),
  });

export const unreadQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['notifications', organization, 'unread'],
    queryFn: ({ signal }) => call(api.GET('/api/notifications/unread', { signal })),
    select: (answer) => answer.unread,
    staleTime: 30_000,
  });

export const channelsQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['notification-channels', organization],
    queryFn: ({ signal }) => call(api.GET('/api/notification-channels', { signal })),
  });

export const rulesQuery = (organization: string | undefined) =>
  queryOptions({
    queryKey: ['notification-rules', organization],
    queryFn: ({ signal }) => call(api.GET('/api/notification-rules', { signal })),
    select: (answer) => answer.rules,
  });

export const timeSavedQuery = (organization: string | undefined, from: string, to: string, by: 'month' | 'workflow' | 'organization') =>
  queryOptions({
    queryKey: ['time-saved', organization, from, to, by],
    queryFn: ({ signal }) => call(api.GET('/api/usage/time-saved', { params: { query: { from, to, by } }, signal })),
    staleTime: 60_000,
  });
