/** OpenID providers that people sign in with. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Fingerprint, Plus } from 'lucide-react';
import { api, call } from '@/api/client';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Page } from '@/ui/page';
import { Empty, Show } from '@/ui/states';
import { KIND_NAMES, ProviderDialog } from './provider-dialog';

const route = getRouteApi('/app/identity-providers');

const NEW = 'new';

export function ProvidersScreen() {
  const { edit } = route.useSearch();
  const navigate = route.useNavigate();
  const providers = useQuery({
    queryKey: ['providers'],
    queryFn: ({ signal }) => call(api.GET('/api/identity-providers', { signal })),
  });
  const provider = providers.data?.providers.find(({ id }) => id === edit);
  return (
    <Page
      title="Identity providers"
      about="Sign-in with Microsoft, Google, and other OpenID providers. Each has a button on the sign-in page."
      actions={
        <Button look="primary" onClick={() => void navigate({ search: { edit: NEW } })}>
          <Plus aria-hidden />
          New provider
        </Button>
      }
    >
      <Card padded={false}>
        <Show query={providers}>
          {({ providers: all }) =>
            all.length === 0 ? (
              <Empty
                icon={Fingerprint}
                title="No identity providers yet"
                action={
                  <Button look="primary" onClick={() => void navigate({ search: { edit: NEW } })}>
                    Add the first one
                  </Button>
                }
              >
                People sign in with passwords and passkeys. With an identity provider they can use the account they already have.
              </Empty>
            ) : (
              <ul className="divide-y">
                {all.map((one) => (
                  <li key={one.id} className="relative flex min-h-12 flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-ui hover:bg-hover/60">
                    <div className="min-w-0 flex-1">
                      <Link to="/identity-providers" search={{ edit: one.id }} resetScroll={false} className="font-medium after:absolute after:inset-0 hover:text-accent-text">
                        {one.name}
                      </Link>
                      <p className="text-xs break-all text-muted">{one.issuer}</p>
                    </div>
                    <Badge>{KIND_NAMES[one.kind] ?? one.kind}</Badge>
                    {one.creates_users && <Badge tone="info">Creates users</Badge>}
                    <Badge tone={one.is_enabled ? 'good' : 'warn'}>{one.is_enabled ? 'Enabled' : 'Disabled'}</Badge>
                  </li>
                ))}
              </ul>
            )
          }
        </Show>
      </Card>
      {edit !== undefined && providers.data !== undefined && (edit === NEW || provider !== undefined) && (
        <ProviderDialog
          key={edit}
          provider={provider}
          onClose={() => void navigate({ search: {} })}
        />
      )}
    </Page>
  );
}
