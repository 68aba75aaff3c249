/** What happened that one should know: how much of it is unread, and the latest. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Bell as BellIcon } from 'lucide-react';
import { Popover } from 'radix-ui';
import { useEffect, useState } from 'react';
import { unreadQuery } from '@/api/notifications';
import { useMe, useOrganization } from '@/api/session';
import { plural } from '@/lib/format';
import { Button } from '@/ui/button';
import { live } from './live';
import { BellPanel } from './bell-panel';

/** So many are shown as that or more. */
const MOST = 99;

export default function Bell() {
  const client = useQueryClient();
  const me = useMe();
  const organization = useOrganization();
  const [open, setOpen] = useState(false);
  const { data: unread = 0 } = useQuery(unreadQuery(organization));
  useEffect(() => {
    const refresh = () => void client.invalidateQueries({ queryKey: ['notifications'] });
    return live.listen(`notification:${me.user_id}`, {
      message: (message) => message.type === 'notification' && refresh(),
      resumed: refresh,
    });
  }, [client, me.user_id]);
  const told = unread === 0 ? 'Notifications' : `Notifications: ${plural(unread, 'is', 'are')} unread`;
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>
        <Button look="quiet" size="icon" aria-label={told} className="relative">
          <BellIcon aria-hidden />
          {unread > 0 && (
            <span
              aria-hidden
              className="absolute top-0.5 right-0 min-w-4 rounded-full bg-bad px-1 text-center text-2xs leading-4 font-semibold text-white tabular-nums dark:text-canvas"
            >
              {unread > MOST ? `${MOST}+` : unread}
            </span>
          )}
        </Button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={6}
          collisionPadding={8}
          aria-label="Notifications"
          className="z-50 flex max-h-[min(32rem,80dvh)] w-[min(26rem,calc(100vw-1rem))] animate-in flex-col overflow-hidden rounded-lg border bg-raised shadow-lift"
        >
          <BellPanel unread={unread} onClose={() => setOpen(false)} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
