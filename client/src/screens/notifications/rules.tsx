/** Who is told of what. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { BellRing } from 'lucide-react';
import { channelsQuery, rulesQuery, type Rule } from '@/api/notifications';
import { useOrganization } from '@/api/session';
import { useBranding } from '@/lib/branding';
import { plural } from '@/lib/format';
import { Badge } from '@/ui/badge';
import { Card } from '@/ui/card';
import { Empty, Show } from '@/ui/states';
import { Opens } from '@/ui/opens';
import { EVENT_NAMES, FIRST_NAMES, NEW } from './names';
import { RuleDialog } from './rule-dialog';

const route = getRouteApi('/app/notifications');

export function Rules() {
  const { edit } = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const rules = useQuery(rulesQuery(organization));
  const edited = rules.data?.find(({ id }) => id === edit);
  const channels = useQuery(channelsQuery(organization));
  const { product_name } = useBranding();
  const nameOf = (id: string) => channels.data?.channels.find((channel) => channel.id === id)?.name ?? '…';
  return (
    <Card padded={false}>
      <Show query={rules}>
        {(all) =>
          all.length === 0 ? (
            <Empty icon={BellRing} title="No rules yet">
              Nobody is notified of anything. A rule says what to watch for, and who is notified.
            </Empty>
          ) : (
            <ul className="divide-y">
              {all.map((rule) => (
                <li key={rule.id} className="relative flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5 text-ui hover:bg-hover/60">
                  <div className="flex min-w-0 flex-1 basis-52 flex-wrap items-baseline gap-x-3">
                    <Link
                      to="/notifications"
                      search={{ tab: 'rules', edit: rule.id }}
                      resetScroll={false}
                      className="font-medium break-words after:absolute after:inset-0 hover:text-accent-text"
                    >
                      {rule.name}
                    </Link>
                    {!saysAll(rule) && <p className="text-xs text-muted">{about(rule)}</p>}
                  </div>
                  {rule.in_app && <Badge tone="info">In {product_name}</Badge>}
                  {rule.channel_ids.map((id) => (
                    <Badge key={id}>{nameOf(id)}</Badge>
                  ))}
                  {!rule.enabled && <Badge>Off</Badge>}
                  <Opens />
                </li>
              ))}
            </ul>
          )
        }
      </Show>
      {edit !== undefined && rules.data !== undefined && channels.data !== undefined && (edit === NEW || edited !== undefined) && (
        <RuleDialog
          key={edit}
          rule={edited}
          channels={channels.data.channels}
          onClose={() => void navigate({ search: { tab: 'rules' } })}
        />
      )}
    </Card>
  );
}

/** Its name says what it is about. */
const saysAll = (rule: Rule): boolean =>
  rule.name === FIRST_NAMES[rule.event] &&
  rule.workflow_ids.length === 0 &&
  !rule.completed_with_errors &&
  rule.only_scheduled === (rule.event === 'run_failed');

function about(rule: Rule): string {
  if (rule.event !== 'run_failed') return EVENT_NAMES[rule.event];
  const parts = ['A run'];
  if (rule.workflow_ids.length > 0) parts.push(`of ${plural(rule.workflow_ids.length, 'workflow')}`);
  if (rule.only_scheduled) parts.push('started by a schedule');
  parts.push('fails');
  if (rule.completed_with_errors) parts.push('or completes with errors');
  return parts.join(' ');
}
