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

export const KIND_NAMES: Record<Channel['kind'], string> = { email: 'E-mail', webhook: 'Webhook' };
