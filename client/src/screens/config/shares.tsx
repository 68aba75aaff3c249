/** The organizations whose own workspaces may read a global secret. */
import { api, call } from '@/api/client';
import { SharedWith } from './shared-with';

export const Shares = ({ name }: { name: string }) => (
  <section className="mt-6 grid gap-3 border-t pt-4">
    <h3 className="text-ui font-semibold">Shared with</h3>
    <SharedWith
      queryKey={['shares', name]}
      load={(signal) => call(api.GET('/api/config/{key}/shares', { params: { path: { key: name } }, signal }))}
      change={(organization, share) => {
        const params = { path: { key: name, organization } };
        return share
          ? call(api.PUT('/api/config/{key}/shares/{organization}', { params }))
          : call(api.DELETE('/api/config/{key}/shares/{organization}', { params }));
      }}
    >
      The provider’s code reads it anyhow. An organization’s own code, which may be anybody’s, reads it only where it is
      shared.
    </SharedWith>
  </section>
);
