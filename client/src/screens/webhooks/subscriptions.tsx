/** Which workflows start for a webhook, for which deliveries, and with what. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Plus, Workflow } from 'lucide-react';
import { useOrganization } from '@/api/session';
import type { Subscription, Webhook } from '@/api/types';
import { quote } from '@/lib/commands';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Empty, Show } from '@/ui/states';
import { Opens } from '@/ui/opens';
import { conditionWords } from './conditions';
import { subscriptionsQuery } from './queries';
import { SubscriptionDialog } from './subscription-dialog';

const route = getRouteApi('/app/webhooks/$id');

export function Subscriptions({ webhook }: { webhook: Webhook }) {
  const { edit } = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const subscriptions = useQuery(subscriptionsQuery(organization, webhook.id));
  const open = (id: string | undefined) => void navigate({ search: (old) => ({ ...old, edit: id }), resetScroll: false });
  const add = (
    <Button size="small" onClick={() => open('new')}>
      <Plus aria-hidden />
      Add a workflow
    </Button>
  );
  return (
    <Card padded={false} title="Workflows that start" actions={add}>
      <Show query={subscriptions}>
        {(all) =>
          all.length === 0 ? (
            <Empty
              icon={Workflow}
              title="No workflow starts yet"
              command={`bifrost webhooks subscribe ${quote(webhook.name)} "Triage issue" --map number=/data/issue/number`}
              action={
                <Button look="primary" onClick={() => open('new')}>
                  Choose a workflow
                </Button>
              }
            >
              Deliveries are kept in any case. Earlier ones can be replayed.
            </Empty>
          ) : (
            <ul className="divide-y">
              {all.map((one) => (
                <Row key={one.id} subscription={one} />
              ))}
            </ul>
          )
        }
      </Show>
      {edit !== undefined && subscriptions.data !== undefined && (
        <SubscriptionDialog
          key={edit}
          webhook={webhook}
          subscription={subscriptions.data.find(({ id }) => id === edit)}
          onClose={() => open(undefined)}
        />
      )}
    </Card>
  );
}

function Row({ subscription }: { subscription: Subscription }) {
  const { id, workflow_name, filter, mapping, enabled } = subscription;
  const names = Object.entries(mapping);
  return (
    <li className="relative grid gap-1 px-4 py-2.5 text-ui hover:bg-hover/60">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Link from="/webhooks/$id" to="." resetScroll={false} search={(old) => ({ ...old, edit: id })} className="font-medium break-words after:absolute after:inset-0 hover:text-accent-text">
          {workflow_name}
        </Link>
        {!enabled && <Badge tone="warn">Paused</Badge>}
        <Opens />
      </div>
      <p className="text-xs text-muted">
        {filter.length === 0 ? 'For every delivery' : `Where ${filter.map(conditionWords).join(' and ')}`}
        {names.length > 0 && ` · with ${names.map(([name, place]) => (typeof place === 'string' ? `${name} from ${place}` : name)).join(', ')}`}
      </p>
    </li>
  );
}
