/** The organizations whose own workspaces may have something of the provider's. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useOrganizations } from '@/api/session';
import type { components } from '@/api/schema';
import { CheckField } from '@/ui/field';
import { Show } from '@/ui/states';
import { failed } from '@/ui/toast';

interface Props {
  queryKey: string[];
  load: (signal: AbortSignal) => Promise<components['schemas']['ShareList']>;
  change: (organization: string, share: boolean) => Promise<unknown>;
  /** What sharing means. */
  children: ReactNode;
}

export function SharedWith({ queryKey, load, change, children }: Props) {
  const client = useQueryClient();
  const { all } = useOrganizations();
  const shares = useQuery({ queryKey, queryFn: ({ signal }) => load(signal) });
  const save = useMutation({
    mutationFn: ({ organization, share }: { organization: string; share: boolean }) => change(organization, share),
    onError: failed,
    onSettled: async () => {
      await client.invalidateQueries({ queryKey });
      await client.invalidateQueries({ queryKey: ['config'] });
    },
  });
  // A box shows at once what it was set to.
  const set = save.isPending ? save.variables : undefined;
  const others = all.filter((organization) => !organization.is_provider);
  return (
    <div className="grid gap-3">
      <p className="text-xs text-muted">{children}</p>
      <Show query={shares}>
        {(data) =>
          others.length === 0 ? (
            <p className="text-ui text-muted">There are no other organizations yet.</p>
          ) : (
            <div className="grid gap-2">
              {others.map(({ id, name: label }) => (
                <CheckField
                  key={id}
                  label={label}
                  checked={set?.organization === id ? set.share : data.shares.some((share) => share.organization_id === id)}
                  disabled={save.isPending}
                  onChange={(event) => save.mutate({ organization: id, share: event.target.checked })}
                />
              ))}
            </div>
          )
        }
      </Show>
    </div>
  );
}
