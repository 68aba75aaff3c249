/** One workflow: run it, see its runs, its schedules, its code. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { runQuery, workflowQuery } from '@/api/queries';
import { useMay, useOrganization } from '@/api/session';
import type { Workflow } from '@/api/types';
import { Badge } from '@/ui/badge';
import { Card } from '@/ui/card';
import { Page } from '@/ui/page';
import { Show, Skeleton } from '@/ui/states';
import { Tabs } from '@/ui/tabs';
import { CallPanel } from './call-panel';
import { CodePanel } from './code-panel';
import { FormsPanel } from './forms-panel';
import { LastRuns } from './last-runs';
import { RunForm } from './run-form';

const SchedulesPanel = lazy(() => import('./schedules-panel'));
const VersionsPanel = lazy(() => import('./versions-panel'));
const EndpointsPanel = lazy(() => import('./endpoints-panel'));

const route = getRouteApi('/app/workflows/$id');

export function WorkflowScreen() {
  const { id } = route.useParams();
  const organization = useOrganization();
  const workflow = useQuery(workflowQuery(organization, id));
  return (
    <Show query={workflow} skeleton={<Loading />}>
      {(data) => <Loaded key={data.id} workflow={data} />}
    </Show>
  );
}

const Loading = () => (
  <Page title="Workflow">
    <Skeleton className="h-72" />
  </Page>
);

function Loaded({ workflow }: { workflow: Workflow }) {
  const { from, tab = 'call' } = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const may = useMay();
  const earlier = useQuery({ ...runQuery(organization, from ?? ''), enabled: from !== undefined });
  const [input, setInput] = useState<Record<string, unknown>>({});
  const tabs = [
    { id: 'call' as const, label: 'Call', content: <CallPanel workflow={workflow} input={input} /> },
    ...(workflow.kind === 'data_provider'
      ? []
      : [{ id: 'forms' as const, label: 'Forms', content: <FormsPanel workflow={workflow} /> }]),
    ...(may('schedules.manage')
      ? [
          {
            id: 'schedules' as const,
            label: 'Schedules',
            content: (
              <Suspense fallback={<Skeleton className="h-40" />}>
                <SchedulesPanel workflow={workflow} />
              </Suspense>
            ),
          },
        ]
      : []),
    ...(may('webhooks.manage')
      ? [
          {
            id: 'endpoints' as const,
            label: 'Endpoints',
            content: (
              <Suspense fallback={<Skeleton className="h-40" />}>
                <EndpointsPanel workflow={workflow} input={input} />
              </Suspense>
            ),
          },
        ]
      : []),
    ...(may('workspace.read')
      ? [
          { id: 'code' as const, label: 'Code', content: <CodePanel workflow={workflow} /> },
          {
            id: 'versions' as const,
            label: 'Versions',
            content: (
              <Suspense fallback={<Skeleton className="h-40" />}>
                <VersionsPanel workflow={workflow} />
              </Suspense>
            ),
          },
        ]
      : []),
  ];
  return (
    <Page
      title={workflow.name}
      above={
        <Link to="/workflows" className="hover:text-ink hover:underline">
          Workflows
        </Link>
      }
      about={
        <div className="grid gap-2">
          {workflow.description !== '' && <p className="max-w-prose whitespace-pre-line">{workflow.description}</p>}
          <div className="flex flex-wrap items-center gap-1.5">
            <Badge>{workflow.category || 'General'}</Badge>
            {workflow.tags.map((tag) => (
              <Link key={tag} to="/workflows" search={{ tag }} className="flex max-w-full rounded hover:opacity-80">
                <Badge>{tag}</Badge>
              </Link>
            ))}
            <Badge>{workflow.organization_id == null ? 'Global' : 'This organization'}</Badge>
            {!workflow.is_active && <Badge tone="warn">Switched off</Badge>}
          </div>
        </div>
      }
    >
      <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <Card title="Run it">
          {from !== undefined && earlier.data === undefined && earlier.error === null ? (
            <Skeleton className="h-40" />
          ) : (
            <RunForm
              key={earlier.data?.execution_id ?? ''}
              workflow={workflow}
              earlier={earlier.data}
              onInput={setInput}
            />
          )}
        </Card>
        <LastRuns workflow={workflow} />
      </div>
      <Tabs
        label="About this workflow"
        tabs={tabs}
        chosen={tabs.some(({ id }) => id === tab) ? tab : 'call'}
        onChoose={(now) =>
          void navigate({ search: (old) => ({ ...old, tab: now === 'call' ? undefined : now }), replace: true, resetScroll: false })
        }
      />
    </Page>
  );
}
