/** What can be run: by name, category and tag. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Database, Globe, Play, SearchX, Wrench, Workflow as WorkflowIcon } from 'lucide-react';
import { workflowsQuery } from '@/api/queries';
import { useMay, useOrganization } from '@/api/session';
import type { Workflow } from '@/api/types';
import { plural } from '@/lib/format';
import { oneOf } from '@/lib/search';
import { KINDS } from '@/routes/search';
import { Badge } from '@/ui/badge';
import { Button, LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { Select } from '@/ui/field';
import { Page } from '@/ui/page';
import { SearchBox } from '@/ui/search-box';
import { Empty, Show } from '@/ui/states';
import { categories, filter, tagsOf } from './filter';

const route = getRouteApi('/app/workflows');

export function WorkflowsScreen() {
  const organization = useOrganization();
  const workflows = useQuery(workflowsQuery(organization));
  const may = useMay();
  return (
    <Page title="Workflows" about="Everything that you may run here.">
      <Show query={workflows} skeleton={<Card padded={false}><Skeletons /></Card>}>
        {(all) => (all.length === 0 ? <Nothing mayDeploy={may('workspace.deploy')} mayWrite={may('workspace.draft')} /> : <List all={all} />)}
      </Show>
    </Page>
  );
}

const Skeletons = () => <div role="status" aria-label="Loading" className="h-80 animate-pulse bg-hover/40" />;

function Nothing({ mayDeploy, mayWrite }: { mayDeploy: boolean; mayWrite: boolean }) {
  return (
    <Card>
      {mayDeploy ? (
        <Empty
          icon={WorkflowIcon}
          title="No workflows yet"
          command="bifrost deploy my-workspace"
          action={
            mayWrite && (
              <LinkButton to="/code/edit" search={{}} look="primary">
                Write the first one
              </LinkButton>
            )
          }
        >
          A workflow is a Python function in a folder of yours. Deploy the folder, or write the function here.
        </Empty>
      ) : (
        <Empty icon={WorkflowIcon} title="No workflows for you yet">
          Ask an administrator of your organization to grant you one.
        </Empty>
      )}
    </Card>
  );
}

function List({ all }: { all: Workflow[] }) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const shown = filter(all, search);
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace: true, resetScroll: false });
  const tags = tagsOf(all);
  return (
    <>
      <div className="flex flex-wrap items-center gap-2">
        <SearchBox
          label="Search workflows"
          value={search.q}
          onChange={(q) => set({ q })}
          className="w-full sm:w-72"
        />
        <Select
          aria-label="Category"
          className="w-auto max-w-full sm:max-w-56"
          value={search.category ?? ''}
          onChange={(event) => set({ category: event.target.value || undefined })}
        >
          <option value="">All categories</option>
          {categories(all).map((category) => (
            <option key={category}>{category}</option>
          ))}
        </Select>
        <Select
          aria-label="Tag"
          className="w-auto max-w-full sm:max-w-56"
          value={search.tag ?? ''}
          onChange={(event) => set({ tag: event.target.value || undefined })}
        >
          <option value="">All tags</option>
          {tags.map((tag) => (
            <option key={tag}>{tag}</option>
          ))}
        </Select>
        <Select
          aria-label="Kind"
          className="w-auto max-w-full sm:max-w-56"
          value={search.kind ?? ''}
          onChange={(event) => set({ kind: oneOf(KINDS, event.target.value) })}
        >
          <option value="">All kinds</option>
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {KIND_NAMES[kind]}
            </option>
          ))}
        </Select>
        <span role="status" className="ml-auto text-ui text-muted tabular-nums">
          {plural(shown.length, 'workflow')}
        </span>
      </div>
      {shown.length === 0 && (
        <Card>
          <Empty
            icon={SearchX}
            title="Nothing fits"
            action={<Button onClick={() => void navigate({ search: {} })}>Show all</Button>}
          />
        </Card>
      )}
      {categories(shown).map((category) => (
        <Card key={category} title={category} padded={false}>
          <ul className="divide-y">
            {shown
              .filter((workflow) => (workflow.category || 'General') === category)
              .map((workflow) => (
                <Row key={workflow.id} workflow={workflow} />
              ))}
          </ul>
        </Card>
      ))}
    </>
  );
}

const ICONS = { workflow: WorkflowIcon, tool: Wrench, data_provider: Database };
const KIND_NAMES = { workflow: 'Workflow', tool: 'Tool', data_provider: 'Data provider' };

function Row({ workflow }: { workflow: Workflow }) {
  const Icon = ICONS[workflow.kind];
  return (
    <li className="group relative flex items-center gap-x-3 gap-y-2 px-4 py-3 hover:bg-hover/60 max-md:flex-wrap">
      <span className="grid size-8 shrink-0 place-items-center rounded-md border bg-sunken text-muted">
        <Icon className="size-4" aria-label={KIND_NAMES[workflow.kind]} role="img" />
      </span>
      <div className="min-w-0 flex-1">
        <div className="flex flex-wrap items-center gap-x-2 gap-y-0.5">
          <Link
            to="/workflows/$id"
            params={{ id: workflow.id }}
            className="min-w-0 font-medium wrap-anywhere after:absolute after:inset-0 hover:text-accent-text"
          >
            {workflow.name}
          </Link>
          {!workflow.is_active && <Badge tone="warn">Switched off</Badge>}
        </div>
        {workflow.description === '' ? (
          <p className="truncate font-mono text-xs text-muted">{workflow.function_id}</p>
        ) : (
          <p className="truncate text-ui text-muted">{workflow.description}</p>
        )}
      </div>
      <div className="flex min-w-0 items-center gap-1.5 max-md:order-last max-md:w-full max-md:flex-wrap max-md:pl-11 md:shrink-0">
        {workflow.tags.map((tag) => (
          <Link key={tag} from="/workflows" to="." search={(old) => ({ ...old, tag })} className="relative z-10 flex max-w-full rounded hover:opacity-80">
            <Badge className="max-w-44">
              <span className="truncate">{tag}</span>
            </Badge>
          </Link>
        ))}
        {workflow.organization_id == null && (
          <Badge>
            <Globe aria-hidden />
            Global
          </Badge>
        )}
        <span className="ml-2 w-24 text-right text-xs text-muted tabular-nums max-md:hidden">
          {workflow.parameters.length === 0 ? 'No parameters' : plural(workflow.parameters.length, 'parameter')}
        </span>
      </div>
      <Play className="size-4 shrink-0 text-faint group-hover:text-accent-text" aria-hidden />
    </li>
  );
}
