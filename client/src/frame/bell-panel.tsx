/** The latest notifications, below the bell. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { BellOff, CheckCheck } from 'lucide-react';
import { api, call } from '@/api/client';
import { notificationsQuery } from '@/api/notifications';
import { useOrganization } from '@/api/session';
import { Button, LinkButton } from '@/ui/button';
import { Show, SkeletonRows } from '@/ui/states';
import { failed } from '@/ui/toast';
import { NotificationRow } from './notification-row';

/** Rows of the panel. */
const SHOWN = 15;

export function BellPanel({ unread, onClose }: { unread: number; onClose: () => void }) {
  const organization = useOrganization();
  const latest = useQuery(notificationsQuery(organization, { limit: SHOWN }));
  return (
    <>
      <header className="flex items-center gap-2 border-b py-1.5 pr-1.5 pl-4">
        <h2 className="flex-1 text-ui font-semibold">Notifications</h2>
        {unread > 0 && <ReadAll />}
      </header>
      <div className="min-h-0 flex-1 overflow-y-auto">
        <Show query={latest} skeleton={<SkeletonRows rows={3} />}>
          {({ notifications }) =>
            notifications.length === 0 ? (
              <p className="flex items-center gap-2 px-4 py-6 text-ui text-muted">
                <BellOff className="size-4" aria-hidden />
                Nothing happened that you should know.
              </p>
            ) : (
              <ul className="divide-y">
                {notifications.map((one) => (
                  <NotificationRow key={one.id} notification={one} onOpen={onClose} />
                ))}
              </ul>
            )
          }
        </Show>
      </div>
      <footer className="border-t p-1.5">
        <LinkButton to="/notifications" search={{}} look="quiet" size="small" className="w-full" onClick={onClose}>
          All notifications
        </LinkButton>
      </footer>
    </>
  );
}

/** Marks everything as read. */
export function ReadAll() {
  const client = useQueryClient();
  const read = useMutation({
    mutationFn: () => call(api.POST('/api/notifications/read')),
    onSuccess: () => client.invalidateQueries({ queryKey: ['notifications'] }),
    onError: failed,
  });
  return (
    <Button size="small" look="quiet" busy={read.isPending} onClick={() => read.mutate()}>
      <CheckCheck aria-hidden />
      Mark all as read
    </Button>
  );
}
