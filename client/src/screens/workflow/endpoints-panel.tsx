/** The paths at which the workflow answers plain HTTP, each with a command that calls it. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { FlaskConical, Link2, Pencil, Plus } from 'lucide-react';
import { lazy, Suspense, useId, useState } from 'react';
import { useOrganization } from '@/api/session';
import type { Endpoint, Workflow } from '@/api/types';
import { EndpointDialog } from '@/screens/endpoints/endpoint-dialog';
import { EndpointBadges } from '@/screens/endpoints/endpoints-screen';
import { endpointsQuery } from '@/screens/endpoints/queries';
import { endpointCommand, exampleInput } from '@/lib/commands';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Command, CopyButton } from '@/ui/copy';
import { Notice } from '@/ui/notice';
import { Empty, Show, Skeleton } from '@/ui/states';

const TryEndpoint = lazy(() => import('./try-endpoint'));

const route = getRouteApi('/app/workflows/$id');

interface Props {
  workflow: Workflow;
  /** What the form beside it would send. */
  input: Record<string, unknown>;
}

export default function EndpointsPanel({ workflow, input }: Props) {
  const { edit } = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const endpoints = useQuery(endpointsQuery(organization));
  const open = (id: string | undefined) => void navigate({ search: (old) => ({ ...old, edit: id }), replace: true, resetScroll: false });
  const mine = endpoints.data?.filter(({ workflow_id }) => workflow_id === workflow.id);
  return (
    <Card
      padded={false}
      title="Endpoints"
      actions={
        <Button size="small" onClick={() => open('new')}>
          <Plus aria-hidden />
          New endpoint
        </Button>
      }
    >
      <Show query={{ ...endpoints, data: mine }}>
        {(all) =>
          all.length === 0 ? (
            <Empty
              icon={Link2}
              title="No endpoints yet"
              action={
                <Button look="primary" onClick={() => open('new')}>
                  Create an endpoint
                </Button>
              }
            >
              With an endpoint, other systems call this workflow by plain HTTP. The fields of the query and of the body are its parameters,
              and what it returns is the response.
            </Empty>
          ) : (
            <ul className="divide-y">
              {all.map((endpoint) => (
                <One key={endpoint.id} endpoint={endpoint} workflow={workflow} input={input} onEdit={() => open(endpoint.id)} />
              ))}
            </ul>
          )
        }
      </Show>
      {edit !== undefined && mine !== undefined && (
        <EndpointDialog key={edit} endpoint={mine.find(({ id }) => id === edit)} workflow={workflow} onClose={() => open(undefined)} />
      )}
    </Card>
  );
}

function One({ endpoint, workflow, input, onEdit }: Props & { endpoint: Endpoint; onEdit: () => void }) {
  const panel = useId();
  const [trying, setTrying] = useState(false);
  // What the form for trying holds, once it is open; else what the form above would send.
  const [filled, setFilled] = useState<Record<string, unknown>>();
  const [method, setMethod] = useState(endpoint.methods[0] ?? 'POST');
  const address = `${location.origin}${endpoint.path}`;
  const given = filled ?? { ...exampleInput(workflow.parameters), ...input };
  const toggle = () => {
    setTrying(!trying);
    setFilled(undefined);
  };
  return (
    <li className="grid gap-2.5 px-4 py-3">
      <div className="flex flex-wrap items-center gap-x-2 gap-y-1">
        {endpoint.methods.map((one) => (
          <Badge key={one} className="font-mono">
            {one}
          </Badge>
        ))}
        <code className="min-w-0 font-mono text-xs break-all">{endpoint.path}</code>
        <CopyButton text={address} label={`Copy the address of ${endpoint.slug}`} />
        <EndpointBadges endpoint={endpoint} />
        <span className="ml-auto flex gap-1">
          <Button size="small" look="quiet" aria-label={`Try ${endpoint.slug}`} aria-expanded={trying} aria-controls={panel} onClick={toggle}>
            <FlaskConical aria-hidden />
            Try
          </Button>
          <Button size="small" look="quiet" aria-label={`Change ${endpoint.slug}`} onClick={onEdit}>
            <Pencil aria-hidden />
            Change
          </Button>
        </span>
      </div>
      {!endpoint.enabled && <Notice tone="warn">This endpoint is off, so callers get 404. Press Change to switch it on.</Notice>}
      <Command text={endpointCommand({ method, address, input: given, open: endpoint.public })} />
      <p className="text-xs text-muted">
        {endpoint.public
          ? 'No key is needed. '
          : 'With an API key in BIFROST_KEY whose holder may run the workflow, preferably a service account with access to this workflow alone. '}
        {endpoint.mode === 'sync'
          ? `The response is what the workflow returns. After ${endpoint.deadline_seconds} s it is 202, and the run continues.`
          : 'The response is the ID of the run, immediately.'}
      </p>
      <div id={panel} hidden={!trying}>
        {trying && (
          <Suspense fallback={<Skeleton className="h-40" />}>
            <TryEndpoint endpoint={endpoint} workflow={workflow} address={address} input={input} method={method} onMethod={setMethod} onInput={setFilled} />
          </Suspense>
        )}
      </div>
    </li>
  );
}
