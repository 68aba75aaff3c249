/** The organizations whose own workspaces may read a global secret. */
import { api, call } from '@/api/client';
import { SharedWith } from './shared-with';

export const Shares = ({ name }: { name: string }) => (
  <section className="mt-6 grid gap-3 rounded-lg border bg-sunken p-4">
    <div className="grid gap-0.5">
      <h3 className="text-ui font-semibold">Shared with</h3>
      <p className="text-xs text-muted">What you tick here applies at once, without Save.</p>
    </div>
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
      The provider’s own code can always read this secret. An organization’s own code can read it only if you share it with that
      organization.
    </SharedWith>
  </section>
);
