/** What authorizes requests: how it stands, and connecting it. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Plug, PlugZap, RefreshCw, Unplug } from 'lucide-react';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { useUserName } from '@/api/names';
import { useOrganization } from '@/api/session';
import type { Connection, Integration, OAuthSettings } from '@/api/types';
import { useSave } from '@/lib/change';
import { count } from '@/lib/format';
import { stringifySearch } from '@/lib/search';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Confirm } from '@/ui/confirm';
import { DeleteButton } from '@/ui/delete-button';
import { Notice } from '@/ui/notice';
import { Fact, Facts } from '@/ui/page';
import { Empty, FormError, Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { ClientDialog } from './client-dialog';
import { useConnect } from './connect';
import { ConnectState } from './connect-state';
import { health, needsPerson } from './health';
import { FLOWS } from './oauth-form';
import { connectionsQuery } from './queries';

/** A connection is looked at again so often, in milliseconds: the platform renews tokens by itself. */
const AGAIN = 15_000;

export function ConnectionPanel({ integration }: { integration: Integration }) {
  const organization = useOrganization();
  const connections = useQuery({ ...connectionsQuery(organization), refetchInterval: AGAIN });
  const { oauth } = integration;
  if (oauth == null) {
    return (
      <Card>
        <Empty
          icon={Plug}
          title="No connection needed"
          action={
            integration.kept != null && (
              <Link from="/integrations/$name" to="." search={{ tab: 'definition' }} className="text-ui text-accent-text hover:underline">
                Add an authorization server
              </Link>
            )
          }
        >
          Its values authorize requests, such as an API key. For OAuth, add an authorization server to its definition.
        </Empty>
      </Card>
    );
  }
  return (
    <Show query={connections}>
      {(all) => (
        <Standing integration={integration} settings={oauth} connection={all.find(({ integration_id }) => integration_id === integration.id)} />
      )}
    </Show>
  );
}

interface Props {
  integration: Integration;
  settings: OAuthSettings;
  connection: Connection | undefined;
}

function Standing({ integration, settings, connection }: Props) {
  const organization = useOrganization();
  const nameOf = useUserName();
  const [client, setClient] = useState(false);
  const [disconnecting, setDisconnecting] = useState(false);
  const again = ['connections'];
  const path = (id: string) => ({ params: { path: { id } } });
  const made = async () => connection ?? call(api.POST('/api/oauth/connections', { body: { integration: integration.name } }));
  const read = useSave(async () => undefined, { again });
  const { state, begin, reset } = useConnect(() => read.mutate());
  const refresh = useSave(async () => call(api.POST('/api/oauth/connections/{id}/refresh', path((await made()).id))), {
    says: () => 'The token is renewed',
    again,
  });
  const disconnect = useSave(async () => connection && call(api.POST('/api/oauth/connections/{id}/disconnect', path(connection.id))), {
    says: () => 'The tokens are deleted',
    again,
  });
  const remove = useSave(async () => connection && call(api.DELETE('/api/oauth/connections/{id}', path(connection.id))), {
    says: () => 'The connection is deleted',
    again,
  });
  const connect = () => {
    refresh.reset();
    void begin(async () => {
      const { id } = await made();
      const back = `/connected${stringifySearch({ integration: integration.name, org: organization })}`;
      const { url } = await call(api.POST('/api/oauth/connections/{id}/authorize', { ...path(id), body: { return_to: back } }));
      return { connection: id, url };
    });
  };
  const { word, tone, text, advice } = health(connection, settings);
  const connected = connection !== undefined && connection.status !== 'not_connected';
  const person = needsPerson(settings);
  return (
    <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <Card
        title={
          <span className="flex items-center gap-2">
            Connection <Badge tone={tone}>{word}</Badge>
          </span>
        }
      >
        <div className="grid gap-4">
          <div className="grid gap-1">
            <p>{text}</p>
            {advice !== undefined && <p className="text-ui text-muted">{advice}</p>}
          </div>
          {connection?.error != null && (
            <Notice tone={connection.status === 'connected' ? 'warn' : 'bad'}>
              <p className="font-medium">Why the last attempt failed</p>
              <p>{connection.error}</p>
            </Notice>
          )}
          <ConnectState state={state} connected={connection?.status === 'connected'} onAgain={connect} onClose={reset} />
          <FormError error={refresh.error ?? disconnect.error} />
          <div className="flex flex-wrap gap-2">
            {person && (
              <Button look={connection?.status === 'connected' ? 'plain' : 'primary'} busy={state.step === 'starting'} onClick={connect}>
                <PlugZap aria-hidden />
                {connected ? 'Connect again' : 'Connect'}
              </Button>
            )}
            {settings.flow === 'refresh_token' && (
              <Button look={connected ? 'plain' : 'primary'} onClick={() => setClient(true)}>
                <PlugZap aria-hidden />
                Enter a refresh token
              </Button>
            )}
            {(connected || settings.flow === 'client_credentials') && (
              <Button look={person || connected ? 'plain' : 'primary'} busy={refresh.isPending} onClick={() => refresh.mutate()}>
                <RefreshCw aria-hidden />
                {connected ? 'Refresh now' : 'Connect now'}
              </Button>
            )}
            {connected && (
              <Button onClick={() => setDisconnecting(true)}>
                <Unplug aria-hidden />
                Disconnect
              </Button>
            )}
          </div>
          {connected && connection !== undefined && (
            <Facts>
              <Fact name="Valid until">{connection.expires_at == null ? 'does not expire' : <Ago at={connection.expires_at} />}</Fact>
              <Fact name="Last refresh">{connection.refreshed_at == null ? 'never' : <Ago at={connection.refreshed_at} />}</Fact>
              <Fact name="Next refresh">
                {connection.refresh_at == null ? (connection.renews ? 'when it is needed' : 'none, as it cannot be renewed') : <Ago at={connection.refresh_at} />}
              </Fact>
              <Fact name="Failures">{connection.failures === 0 ? 'none since the last refresh' : `${count(connection.failures)} in a row`}</Fact>
              <Fact name="Connected">
                {connection.connected_at == null ? (
                  'automatically'
                ) : (
                  <>
                    <Ago at={connection.connected_at} />
                    {connection.connected_by != null && ` by ${nameOf(connection.connected_by)}`}
                  </>
                )}
              </Fact>
            </Facts>
          )}
        </div>
      </Card>
      <Card
        title="Authorization"
        actions={
          <Button size="small" look="quiet" onClick={() => setClient(true)}>
            Change…
          </Button>
        }
      >
        <div className="grid gap-3">
          <Facts>
            <Fact name="Flow">{FLOWS[settings.flow]}</Fact>
            <Fact name="Client">
              <span className="break-all">{connection?.client_id ?? settings.client_id}</span>
              {connection?.client_id != null && <span className="text-muted"> (its own)</span>}
            </Fact>
            <Fact name="Scopes">{(settings.scopes ?? []).join(', ') || 'none'}</Fact>
          </Facts>
          <p className="text-xs text-muted">
            {organization === undefined
              ? 'This is the provider’s own connection. To connect an organization, choose it at the top.'
              : 'This is the organization’s own connection. Workflows get it before the provider’s.'}
          </p>
          {connection !== undefined && (
            <div>
              <DeleteButton name="the connection" action="Delete the connection" title="Delete the connection?" onDelete={() => remove.mutateAsync()}>
                Its tokens and its own client are deleted for good. Workflows then get the provider’s connection if it is shared, or none.
              </DeleteButton>
            </div>
          )}
        </div>
      </Card>
      {client && <ClientDialog integration={integration} connection={connection} onClose={() => setClient(false)} />}
      <Confirm open={disconnecting} onClose={() => setDisconnecting(false)} title={`Disconnect ${integration.name}?`} action="Disconnect" onConfirm={() => disconnect.mutateAsync()}>
        Its tokens are deleted here. Workflows that need them fail until it is connected again. The other system may still grant
        access to the platform, so revoke it there, too.
      </Confirm>
    </div>
  );
}
