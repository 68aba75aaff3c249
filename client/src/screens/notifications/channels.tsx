/** Where notifications are sent. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Mail, Send, Webhook } from 'lucide-react';
import { api, call } from '@/api/client';
import { channelsQuery, type Channel } from '@/api/notifications';
import { useOrganization } from '@/api/session';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Empty, Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { done, failed } from '@/ui/toast';
import { Opens } from '@/ui/opens';
import { ChannelDialog } from './channel-dialog';
import { KIND_NAMES, NEW } from './names';

const route = getRouteApi('/app/notifications');

export function Channels() {
  const { edit } = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const channels = useQuery(channelsQuery(organization));
  const edited = channels.data?.channels.find(({ id }) => id === edit);
  return (
    <Card padded={false}>
      <Show query={channels}>
        {({ channels: all }) =>
          all.length === 0 ? (
            <Empty icon={Send} title="No channels yet">
              Without one, people are notified here only. A channel is a list of e-mail addresses, or the URL of another system.
            </Empty>
          ) : (
            <ul className="divide-y">
              {all.map((channel) => (
                <Row key={channel.id} channel={channel} />
              ))}
            </ul>
          )
        }
      </Show>
      {edit !== undefined && channels.data !== undefined && (edit === NEW || edited !== undefined) && (
        <ChannelDialog
          key={edit}
          channel={edited}
          hasMail={channels.data.has_mail}
          onClose={() => void navigate({ search: { tab: 'channels' } })}
        />
      )}
    </Card>
  );
}

function Row({ channel }: { channel: Channel }) {
  const client = useQueryClient();
  const test = useMutation({
    mutationFn: () => call(api.POST('/api/notification-channels/{id}/test', { params: { path: { id: channel.id } } })),
    onSuccess: ({ answer }) => done('The test has arrived', answer),
    onError: failed,
    onSettled: () => client.invalidateQueries({ queryKey: ['notification-channels'] }),
  });
  const Icon = channel.kind === 'email' ? Mail : Webhook;
  return (
    <li className="relative flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5 text-ui hover:bg-hover/60">
      <Icon className="size-4 shrink-0 text-muted" aria-hidden />
      <div className="grid min-w-0 flex-1 basis-52">
        <Link
          to="/notifications"
          search={{ tab: 'channels', edit: channel.id }}
          resetScroll={false}
          className="font-medium break-words after:absolute after:inset-0 hover:text-accent-text"
        >
          {channel.name}
        </Link>
        <p className="truncate text-xs text-muted">{channel.url ?? channel.addresses.join(', ')}</p>
        {channel.error != null && <p className="text-xs break-words text-bad">{channel.error}</p>}
      </div>
      <Badge>{KIND_NAMES[channel.kind]}</Badge>
      {channel.failed_at != null && <Badge tone="bad">Did not arrive</Badge>}
      {!channel.enabled && <Badge>Off</Badge>}
      <span className="relative z-10 text-xs text-muted">
        {channel.sent_at == null ? 'nothing sent yet' : <Ago at={channel.sent_at} />}
      </span>
      <Button size="small" className="relative z-10" busy={test.isPending} onClick={() => test.mutate()}>
        <Send aria-hidden />
        Test
      </Button>
      <Opens />
    </li>
  );
}
