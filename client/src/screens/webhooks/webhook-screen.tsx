/** One webhook: what it delivered, what starts for it, a test, its settings. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { api, call } from '@/api/client';
import { ProblemError } from '@/api/problem';
import { useOrganization } from '@/api/session';
import type { Webhook } from '@/api/types';
import type { WebhookTab } from '@/routes/search';
import { useSave } from '@/lib/change';
import { Badge } from '@/ui/badge';
import { CopyButton } from '@/ui/copy';
import { DeleteButton } from '@/ui/delete-button';
import { Page } from '@/ui/page';
import { Show, Skeleton } from '@/ui/states';
import { Tabs } from '@/ui/tabs';
import { AdapterState } from './adapter-state';
import { Deliveries } from './deliveries';
import { KINDS } from './kinds';
import { webhookQuery } from './queries';
import { Settings } from './settings';
import { Subscriptions } from './subscriptions';
import { TestPanel } from './test-panel';
import { addressOf } from './webhooks-screen';

const route = getRouteApi('/app/webhooks/$id');

/** The answer where an adapter unsubscribes first. */
const ACCEPTED = 202;

export function WebhookScreen() {
  const { id } = route.useParams();
  const organization = useOrganization();
  const webhook = useQuery(webhookQuery(organization, id));
  const isGone = webhook.error instanceof ProblemError && webhook.error.status === 404;
  return (
    <Show
      // One that is deleted meanwhile is not there any more.
      query={isGone ? { ...webhook, data: undefined } : webhook}
      skeleton={
        <Page title="Webhook">
          <Skeleton className="h-72" />
        </Page>
      }
    >
      {(data) => <Loaded key={data.id} webhook={data} />}
    </Show>
  );
}

function Loaded({ webhook }: { webhook: Webhook }) {
  const { tab = 'deliveries' } = route.useSearch();
  const navigate = route.useNavigate();
  const address = addressOf(webhook);
  const tabs: { id: WebhookTab | 'deliveries'; label: string; content: React.ReactNode }[] = [
    { id: 'deliveries', label: 'Deliveries', content: <Deliveries webhook={webhook} /> },
    { id: 'subscriptions', label: 'Workflows that start', content: <Subscriptions webhook={webhook} /> },
    { id: 'test', label: 'Test', content: <TestPanel webhook={webhook} /> },
    { id: 'settings', label: 'Settings', content: <Settings key={webhook.updated_at} webhook={webhook} /> },
  ];
  return (
    <Page
      title={webhook.name}
      above={
        <Link to="/webhooks" className="hover:text-ink hover:underline">
          Webhooks
        </Link>
      }
      about={
        <span className="flex flex-wrap items-center gap-x-2 gap-y-1">
          <Badge tone={webhook.kind === 'unsigned' ? 'warn' : 'neutral'}>{KINDS[webhook.kind].label}</Badge>
          {!webhook.enabled && <Badge tone="warn">Off</Badge>}
          {address === undefined ? (
            <code className="font-mono text-xs">{webhook.topic}</code>
          ) : (
            <span className="flex min-w-0 items-center gap-1">
              <code className="min-w-0 font-mono text-xs break-all">{address}</code>
              <CopyButton text={address} label="Copy the address" />
            </span>
          )}
        </span>
      }
      actions={<Delete webhook={webhook} />}
    >
      {webhook.adapter != null && <AdapterState id={webhook.id} adapter={webhook.adapter} />}
      <Tabs
        label="About this webhook"
        tabs={tabs}
        chosen={tab}
        onChoose={(now) => void navigate({ search: now === 'deliveries' ? {} : { tab: now }, replace: true, resetScroll: false })}
      />
    </Page>
  );
}

function Delete({ webhook }: { webhook: Webhook }) {
  const navigate = route.useNavigate();
  const isEnding = webhook.adapter?.status === 'ending';
  const remove = useSave(
    async () => {
      const answer = await api.DELETE('/api/webhooks/{id}', { params: { path: { id: webhook.id }, query: { force: isEnding } } });
      await call(Promise.resolve(answer));
      return answer.response.status;
    },
    {
      says: (status) =>
        status === ACCEPTED ? `“${webhook.name}” takes nothing any more, and goes when its adapter has unsubscribed` : `“${webhook.name}” is deleted`,
      again: ['webhooks'],
    },
  );
  return (
    <DeleteButton
      name={webhook.name}
      typed={webhook.name}
      action={isEnding ? 'Delete at once' : 'Delete'}
      onDelete={async () => {
        await remove.mutateAsync();
        await navigate({ to: '/webhooks' });
      }}
    >
      Its address, its secrets, what it delivered and what starts for it go, for good. The sender gets an error from now on. Runs stay.
      {isEnding && ' Its adapter is not waited for: the other system may go on sending.'}
    </DeleteButton>
  );
}
