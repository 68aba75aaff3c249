/** What the parts of notifications are called. */
import type { Channel, NotificationEvent } from '@/api/notifications';

/** In the URL, in place of an id. */
export const NEW = 'new';

export const EVENT_NAMES: Record<NotificationEvent, string> = {
  run_failed: 'A run fails',
  connection_broken: 'A connection breaks',
  schedule_missed: 'A schedule is missed',
  delivery_failed: 'A delivery fails for good',
  webhook_broken: 'A webhook loses its subscription',
};

/** What the rules are called that every organization begins with: each name says what the rule is about. */
export const FIRST_NAMES: Record<NotificationEvent, string> = {
  run_failed: 'Scheduled runs that fail',
  connection_broken: 'Connections that break',
  schedule_missed: 'Schedules that are missed',
  delivery_failed: 'Deliveries that fail',
  webhook_broken: 'Webhooks that break',
};

export const KIND_NAMES: Record<Channel['kind'], string> = { email: 'E-mail', webhook: 'Webhook' };
