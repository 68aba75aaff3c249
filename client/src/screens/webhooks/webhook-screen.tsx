/** One webhook: what it delivered, what starts for it, a test, its settings. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ProblemError } from '@/api/problem';
import { useOrganization } from '@/api/session';
import type { Webhook } from '@/api/types';
import type { WebhookTab } from '@/routes/search';
import { Badge } from '@/ui/badge';
import { CopyButton } from '@/ui/copy';
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
          <Badge tone={webhook.kind === 'unsigned' ? 'warn' : 'neutral'}>{webhook.adapter == null ? KINDS[webhook.kind].label : `Adapter: ${webhook.adapter.name}`}</Badge>
          {webhook.enabled ? <Badge tone="good">On</Badge> : <Badge>Off</Badge>}
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
