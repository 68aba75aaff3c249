/** What happened, who is told of what, and where. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { BellOff, Plus } from 'lucide-react';
import { notificationsQuery } from '@/api/notifications';
import { useMay, useOrganization } from '@/api/session';
import { ReadAll } from '@/frame/bell-panel';
import { NotificationRow } from '@/frame/notification-row';
import { Button, LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { CheckField } from '@/ui/field';
import { NothingFits } from '@/ui/nothing-fits';
import { Page } from '@/ui/page';
import { Empty, Show } from '@/ui/states';
import { Tabs } from '@/ui/tabs';
import { Channels } from './channels';
import { NEW } from './names';
import { Rules } from './rules';

const route = getRouteApi('/app/notifications');

export function NotificationsScreen() {
  const { tab = 'latest' } = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay();
  const tabs = [
    { id: 'latest' as const, label: 'Latest', content: <Latest /> },
    ...(may('organization.manage')
      ? [
          { id: 'rules' as const, label: 'Rules', content: <Rules /> },
          { id: 'channels' as const, label: 'Channels', content: <Channels /> },
        ]
      : []),
  ];
  return (
    <Page
      title="Notifications"
      about="Runs that fail, connections that break, schedules that are missed."
      actions={
        tab !== 'latest' && (
          <Button look="primary" onClick={() => void navigate({ search: { tab, edit: NEW } })}>
            <Plus aria-hidden />
            {tab === 'rules' ? 'New rule' : 'New channel'}
          </Button>
        )
      }
    >
      <Tabs
        label="Notifications"
        tabs={tabs}
        chosen={tab}
        onChoose={(now) => void navigate({ search: { tab: now === 'latest' ? undefined : now } })}
      />
    </Page>
  );
}

function Latest() {
  const { unread, cursor } = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const manages = useMay()('organization.manage');
  const list = useQuery(
    notificationsQuery(organization, {
      ...(unread === '1' ? { unread: true } : {}),
      ...(cursor === undefined ? {} : { cursor }),
    }),
  );
  const isEmpty = list.data?.notifications.length === 0 && unread === undefined && cursor === undefined;
  return (
    <div className="grid gap-4">
      {!isEmpty && (
        <div className="flex flex-wrap items-center justify-between gap-3">
          <CheckField
            label="Only unread"
            checked={unread === '1'}
            onChange={(event) =>
              void navigate({ search: event.target.checked ? { unread: '1' } : {}, replace: true, resetScroll: false })
            }
          />
          {list.data !== undefined && list.data.unread > 0 && <ReadAll />}
        </div>
      )}
      <Card padded={false}>
        <Show query={list}>
          {({ notifications }) =>
            notifications.length === 0 && unread === '1' ? (
              <NothingFits icon={BellOff} title="Nothing unread" action="Show all" onClear={() => void navigate({ search: {}, replace: true, resetScroll: false })} />
            ) : notifications.length === 0 ? (
              <Empty
                icon={BellOff}
                title="No notifications yet"
                action={
                  manages && (
                    <LinkButton to="/notifications" search={{ tab: 'rules' }}>
                      See the rules
                    </LinkButton>
                  )
                }
              >
                What you are notified of depends on your permissions, and on the rules of your organization.
              </Empty>
            ) : (
              <ul className="divide-y">
                {notifications.map((one) => (
                  <NotificationRow key={one.id} notification={one} />
                ))}
              </ul>
            )
          }
        </Show>
      </Card>
      {list.data?.next_cursor != null && (
        <div className="flex justify-end">
          <LinkButton to="/notifications" search={{ unread, cursor: list.data.next_cursor }}>
            Older
          </LinkButton>
        </div>
      )}
    </div>
  );
}
