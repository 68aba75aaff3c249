/** The deployed workspace: its files, its versions, what it shares. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { FolderCode, PencilLine } from 'lucide-react';
import { versionsQuery, workspaceQuery } from '@/api/queries';
import { useMay, useOrganization } from '@/api/session';
import { LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { Notice } from '@/ui/notice';
import { Page } from '@/ui/page';
import { Empty, Show } from '@/ui/states';
import { Tabs } from '@/ui/tabs';
import { Ago } from '@/ui/time';
import { Files } from './files';
import { Packages } from './packages';
import { Report, Warm } from './report';
import { Shared } from './shared';
import { Versions } from './versions';

const route = getRouteApi('/app/code');

/** While workers load a version, it is looked at so often, in milliseconds. */
const AGAIN = 2_000;

export function CodeScreen() {
  const { tab = 'files', path, line } = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const may = useMay();
  const workspace = useQuery({
    ...workspaceQuery(organization),
    refetchInterval: ({ state: { data } }) => (data?.warm != null && data.warm.workers < data.warm.of ? AGAIN : false),
  });
  const tabs = [
    { id: 'files' as const, label: 'Files', content: <Files /> },
    { id: 'versions' as const, label: 'Versions', content: <Versions /> },
    {
      id: 'packages' as const,
      label: 'Packages',
      content: <Packages packages={workspace.data?.report.packages ?? []} warnings={workspace.data?.report.warnings ?? []} />,
    },
    ...(organization === undefined && may('platform.organizations')
      ? [{ id: 'shared' as const, label: 'Shared folders', content: <Shared /> }]
      : []),
  ];
  return (
    <Page
      title="Code"
      about={
        workspace.data?.version != null && (
          <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
            <span>
              Version {workspace.data.version.number} is active, deployed <Ago at={workspace.data.version.created_at} />
            </span>
            {workspace.data.warm != null && <Warm warm={workspace.data.warm} />}
          </span>
        )
      }
      actions={
        may('workspace.draft') && (
          <LinkButton
            to="/code/edit"
            search={{ ...(path === undefined ? {} : { path }), ...(line === undefined ? {} : { line }) }}
            look="primary"
          >
            <PencilLine aria-hidden />
            Edit code
          </LinkButton>
        )
      }
    >
      <Show query={workspace}>
        {({ version, report }) =>
          version == null ? (
            <Inactive />
          ) : (
            <>
              <Report report={report} />
              <Tabs
                label="Workspace"
                tabs={tabs}
                chosen={tabs.some(({ id }) => id === tab) ? tab : 'files'}
                onChoose={(now) => void navigate({ search: { tab: now === 'files' ? undefined : now } })}
              />
            </>
          )
        }
      </Show>
    </Page>
  );
}

/** No version is active: there is none, or each one waits for somebody's look or was rejected. */
function Inactive() {
  const may = useMay();
  const versions = useQuery(versionsQuery(useOrganization()));
  return (
    <Show query={versions}>
      {(all) =>
        all.length === 0 ? (
          <Card>
            <Empty
              icon={FolderCode}
              title="Nothing is deployed yet"
              command="bifrost deploy my-workspace"
              action={
                may('workspace.draft') && (
                  <LinkButton to="/code/edit" search={{}} look="primary">
                    Write the first workflow
                  </LinkButton>
                )
              }
            >
              A workspace is a folder with Python files. Each deploy makes a version, and old ones can come back.
            </Empty>
          </Card>
        ) : (
          <>
            <Notice>No version is active yet. One becomes active when somebody approves it.</Notice>
            <Versions />
          </>
        )
      }
    </Show>
  );
}
