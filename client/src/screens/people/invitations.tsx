/** Invitations that nobody has accepted yet. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { MailX } from 'lucide-react';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { useOrganization } from '@/api/session';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Confirm } from '@/ui/confirm';
import { Empty, Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { done } from '@/ui/toast';
import { ROLE_NAMES } from './role-names';

export function Invitations({ onInvite }: { onInvite: () => void }) {
  const client = useQueryClient();
  const organization = useOrganization();
  const [revoking, setRevoking] = useState<{ id: string; email: string }>();
  const invitations = useQuery({
    queryKey: ['invitations', organization],
    queryFn: ({ signal }) => call(api.GET('/api/invitations', { signal })),
  });
  const revoke = async () => {
    await call(api.DELETE('/api/invitations/{id}', { params: { path: { id: revoking?.id ?? '' } } }));
    done('The invitation is revoked');
    await client.invalidateQueries({ queryKey: ['invitations'] });
  };
  return (
    <Card padded={false}>
      <Show query={invitations}>
        {({ invitations: all }) =>
          all.length === 0 ? (
            <Empty
              icon={MailX}
              title="No open invitations"
              command="bifrost users invite ada@example.com --role org_user"
              action={
                <Button look="primary" onClick={onInvite}>
                  Invite somebody
                </Button>
              }
            >
              Whoever you invite gets a link, and is listed here until they accept.
            </Empty>
          ) : (
            <ul className="divide-y">
              {all.map(({ id, email, role, expires_at }) => (
                <li key={id} className="flex min-h-12 flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-ui">
                  <span className="min-w-0 flex-1 font-medium break-all max-sm:basis-full">{email}</span>
                  <Badge>{ROLE_NAMES[role]}</Badge>
                  <span className="text-muted">
                    Expires <Ago at={expires_at} />
                  </span>
                  <Button size="small" onClick={() => setRevoking({ id, email })}>
                    Revoke
                  </Button>
                </li>
              ))}
            </ul>
          )
        }
      </Show>
      <Confirm
        open={revoking !== undefined}
        onClose={() => setRevoking(undefined)}
        title="Revoke the invitation?"
        action="Revoke"
        onConfirm={revoke}
      >
        The link that was sent to {revoking?.email} stops working.
      </Confirm>
    </Card>
  );
}
