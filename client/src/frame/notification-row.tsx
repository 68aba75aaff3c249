/** One notification, in the panel and in the list. It leads to what it is about. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { CalendarX, CircleX, MailX, Unplug, Webhook } from 'lucide-react';
import { api, call } from '@/api/client';
import type { Notification } from '@/api/notifications';
import { cn } from '@/lib/cn';
import { Ago } from '@/ui/time';

const ICONS = {
  run_failed: CircleX,
  connection_broken: Unplug,
  schedule_missed: CalendarX,
  delivery_failed: MailX,
  webhook_broken: Webhook,
};

const stretched = 'min-w-0 font-medium break-words after:absolute after:inset-0';

export function NotificationRow({ notification, onOpen }: { notification: Notification; onOpen?: () => void }) {
  const client = useQueryClient();
  const read = useMutation({
    mutationFn: () => call(api.POST('/api/notifications/{id}/read', { params: { path: { id: notification.id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['notifications'] }),
  });
  const { event, name, summary, error, count, last_at } = notification;
  const Icon = ICONS[event];
  const open = () => {
    if (!notification.read) read.mutate();
    onOpen?.();
  };
  return (
    <li className={cn('relative flex gap-3 px-4 py-2.5 text-ui hover:bg-hover/60', notification.read && 'text-muted')}>
      <Icon className={cn('mt-0.5 size-4 shrink-0', notification.read ? 'text-faint' : 'text-bad')} aria-hidden />
      <div className="grid min-w-0 flex-1 gap-0.5">
        <div className="flex items-baseline gap-2">
          <Target notification={notification} onClick={open}>
            {name}
            {!notification.read && <span className="sr-only"> (unread)</span>}
          </Target>
          <Ago at={last_at} className="relative z-10 ml-auto text-xs whitespace-nowrap text-muted" />
        </div>
        <p>
          {summary}
          {count > 1 && <span className="text-muted"> · {count} times</span>}
        </p>
        {error != null && <p className="line-clamp-2 font-mono text-xs break-words text-muted">{error}</p>}
      </div>
    </li>
  );
}

interface TargetProps {
  notification: Notification;
  onClick: () => void;
  children: React.ReactNode;
}

function Target({ notification, onClick, children }: TargetProps) {
  const { event, execution_id, subject_id, count } = notification;
  if (event === 'run_failed' && execution_id != null && count === 1) {
    return (
      <Link to="/runs/$id" params={{ id: execution_id }} onClick={onClick} className={stretched}>
        {children}
      </Link>
    );
  }
  if (event === 'run_failed') {
    return (
      <Link to="/runs" search={{ workflow: subject_id }} onClick={onClick} className={stretched}>
        {children}
      </Link>
    );
  }
  if (event === 'schedule_missed') {
    return (
      <Link to="/schedules" search={{ edit: subject_id }} onClick={onClick} className={stretched}>
        {children}
      </Link>
    );
  }
  if (event === 'delivery_failed' || event === 'webhook_broken') {
    return (
      <Link to="/webhooks/$id" params={{ id: subject_id }} onClick={onClick} className={stretched}>
        {children}
      </Link>
    );
  }
  return (
    <button type="button" onClick={onClick} className={cn(stretched, 'text-left')}>
      {children}
    </button>
  );
}
