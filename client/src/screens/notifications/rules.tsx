/** Who is told of what. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { BellRing } from 'lucide-react';
import { channelsQuery, rulesQuery, type Rule } from '@/api/notifications';
import { useOrganization } from '@/api/session';
import { plural } from '@/lib/format';
import { Badge } from '@/ui/badge';
import { LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { Empty, Show } from '@/ui/states';
import { EVENT_NAMES, NEW } from './names';
import { RuleDialog } from './rule-dialog';

const route = getRouteApi('/app/notifications');

export function Rules() {
  const { edit } = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const rules = useQuery(rulesQuery(organization));
  const channels = useQuery(channelsQuery(organization));
  const nameOf = (id: string) => channels.data?.channels.find((channel) => channel.id === id)?.name ?? '…';
  return (
    <Card padded={false}>
      <Show query={rules}>
        {(all) =>
          all.length === 0 ? (
            <Empty
              icon={BellRing}
              title="No rules yet"
              action={
                <LinkButton to="/notifications" search={{ tab: 'rules', edit: NEW }} resetScroll={false} look="primary">
                  Make the first one
                </LinkButton>
              }
            >
              Nobody is told of anything. A rule says what happens, and who is told.
            </Empty>
          ) : (
            <ul className="divide-y">
              {all.map((rule) => (
                <li key={rule.id} className="relative flex flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2.5 text-ui hover:bg-hover/60">
                  <div className="grid min-w-0 flex-1 basis-52">
                    <Link
                      to="/notifications"
                      search={{ tab: 'rules', edit: rule.id }}
                      resetScroll={false}
                      className="font-medium break-words after:absolute after:inset-0 hover:text-accent-text"
                    >
                      {rule.name}
                    </Link>
                    <p className="text-xs text-muted">{about(rule)}</p>
                  </div>
                  {rule.in_app && <Badge tone="info">Here</Badge>}
                  {rule.channel_ids.map((id) => (
                    <Badge key={id}>{nameOf(id)}</Badge>
                  ))}
                  {!rule.enabled && <Badge tone="warn">Off</Badge>}
                </li>
              ))}
            </ul>
          )
        }
      </Show>
      {edit !== undefined && rules.data !== undefined && channels.data !== undefined && (
        <RuleDialog
          key={edit}
          rule={rules.data.find(({ id }) => id === edit)}
          channels={channels.data.channels}
          onClose={() => void navigate({ search: { tab: 'rules' } })}
        />
      )}
    </Card>
  );
}

function about(rule: Rule): string {
  const parts = [EVENT_NAMES[rule.event]];
  if (rule.workflow_ids.length > 0) parts.push(`of ${plural(rule.workflow_ids.length, 'workflow')}`);
  if (rule.only_scheduled) parts.push('that a schedule asked for');
  if (rule.completed_with_errors) parts.push('or completes with errors');
  return parts.join(' ');
}
