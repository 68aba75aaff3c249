/** One integration: its connection, its values, its definition, and who is in it. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { api, call } from '@/api/client';
import { useMay, useOrganization } from '@/api/session';
import type { Integration } from '@/api/types';
import type { IntegrationTab } from '@/routes/search';
import { useSave } from '@/lib/change';
import { Card } from '@/ui/card';
import { DeleteButton } from '@/ui/delete-button';
import { Page } from '@/ui/page';
import { Show, Skeleton } from '@/ui/states';
import { Tabs } from '@/ui/tabs';
import { SharedWith } from '@/screens/config/shared-with';
import { ConnectionPanel } from './connection-panel';
import { DefinitionPanel } from './definition-panel';
import { Owner } from './integrations-screen';
import { Mappings } from './mappings';
import { integrationQuery } from './queries';
import { ValuesPanel } from './values-panel';

const route = getRouteApi('/app/integrations/$name');

export function IntegrationScreen() {
  const { name } = route.useParams();
  const organization = useOrganization();
  const integration = useQuery(integrationQuery(organization, name));
  const own = integration.data?.kept != null;
  return (
    <Page
      title={name}
      above={
        <Link to="/integrations" className="hover:text-ink hover:underline">
          Integrations
        </Link>
      }
      about={
        integration.data && (
          <span className="flex flex-wrap items-center gap-2">
            <Owner integration={integration.data} />
            {integration.data.description}
          </span>
        )
      }
      actions={own && <Delete name={name} />}
    >
      <Show query={integration} skeleton={<Skeleton className="h-72" />}>
        {(data) => <Loaded key={data.id} integration={data} />}
      </Show>
    </Page>
  );
}

function Loaded({ integration }: { integration: Integration }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const may = useMay();
  const own = integration.kept != null;
  const isProviders = integration.organization_id == null;
  const first: IntegrationTab = integration.oauth == null ? 'values' : 'connection';
  const tabs = [
    { id: 'connection' as const, label: 'Connection', content: <ConnectionPanel integration={integration} /> },
    { id: 'values' as const, label: 'Values', content: <ValuesPanel key={integration.updated_at} integration={integration} /> },
    {
      id: 'organizations' as const,
      label: isProviders && organization === undefined ? 'Organizations' : 'Organization',
      content: <Mappings integration={integration} />,
    },
    {
      id: 'definition' as const,
      label: 'Definition',
      content: <DefinitionPanel key={integration.updated_at} integration={integration} />,
    },
    ...(own && isProviders && may('platform.organizations')
      ? [{ id: 'sharing' as const, label: 'Sharing', content: <Sharing name={integration.name} /> }]
      : []),
  ];
  const { tab = first } = search;
  return (
    <Tabs
      label="About this integration"
      tabs={tabs}
      chosen={tabs.some(({ id }) => id === tab) ? tab : first}
      onChoose={(now) => void navigate({ search: { tab: now === first ? undefined : now }, replace: true, resetScroll: false })}
    />
  );
}

function Delete({ name }: { name: string }) {
  const navigate = route.useNavigate();
  const remove = useSave(() => call(api.DELETE('/api/integrations/{name}', { params: { path: { name } } })), {
    says: () => `“${name}” is deleted`,
    again: ['integrations', 'connections'],
  });
  const onDelete = async () => {
    await remove.mutateAsync();
    await navigate({ to: '/integrations' });
  };
  return (
    <DeleteButton name={name} typed={name} onDelete={onDelete}>
      Its values, its secrets and its connection are deleted for good. Workflows that ask for it get nothing. Organizations
      have to be removed from it first.
    </DeleteButton>
  );
}

const Sharing = ({ name }: { name: string }) => (
  <Card title="Shared with" className="max-w-3xl">
    <SharedWith
      queryKey={['integration-shares', name]}
      load={(signal) => call(api.GET('/api/integrations/{name}/shares', { params: { path: { name } }, signal }))}
      change={(organization, share) => {
        const params = { path: { name, organization } };
        return share
          ? call(api.PUT('/api/integrations/{name}/shares/{organization}', { params }))
          : call(api.DELETE('/api/integrations/{name}/shares/{organization}', { params }));
      }}
    >
      The provider’s code always has its secrets and tokens. An organization’s own code, which may be anybody’s, has them
      only if the integration is shared with it. By default, it is not.
    </SharedWith>
  </Card>
);
