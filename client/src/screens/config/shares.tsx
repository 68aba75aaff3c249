/** The organizations whose own workspaces may read a global secret. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, call } from '@/api/client';
import { useOrganizations } from '@/api/session';
import { CheckField } from '@/ui/field';
import { Show } from '@/ui/states';
import { failed } from '@/ui/toast';

export function Shares({ name }: { name: string }) {
  const client = useQueryClient();
  const { all } = useOrganizations();
  const queryKey = ['shares', name];
  const shares = useQuery({
    queryKey,
    queryFn: ({ signal }) => call(api.GET('/api/config/{key}/shares', { params: { path: { key: name } }, signal })),
  });
  const change = useMutation({
    mutationFn: ({ organization, share }: { organization: string; share: boolean }) => {
      const params = { path: { key: name, organization } };
      return share
        ? call(api.PUT('/api/config/{key}/shares/{organization}', { params }))
        : call(api.DELETE('/api/config/{key}/shares/{organization}', { params }));
    },
    onError: failed,
    onSettled: async () => {
      await client.invalidateQueries({ queryKey });
      await client.invalidateQueries({ queryKey: ['config'] });
    },
  });
  return (
    <section className="mt-6 grid gap-3 border-t pt-4">
      <h3 className="text-ui font-semibold">Shared with</h3>
      <p className="text-xs text-muted">
        The provider’s code reads it anyhow. An organization’s own code, which may be anybody’s, reads it only where it
        is shared.
      </p>
      <Show query={shares}>
        {(data) => (
          <div className="grid gap-2">
            {all
              .filter((organization) => !organization.is_provider)
              .map(({ id, name: label }) => (
                <CheckField
                  key={id}
                  label={label}
                  checked={data.shares.some((share) => share.organization_id === id)}
                  disabled={change.isPending}
                  onChange={(event) => change.mutate({ organization: id, share: event.target.checked })}
                />
              ))}
          </div>
        )}
      </Show>
    </section>
  );
}
