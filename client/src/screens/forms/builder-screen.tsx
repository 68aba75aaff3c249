/** Builds a form: its fields, rules and access, with the form itself beside them. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { CopyPlus } from 'lucide-react';
import { formQuery, type FormDefinition } from '@/api/forms';
import { workflowsQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import { evaluator } from '@/expressions';
import { draftOf, emptyForm } from '@/lib/form-draft';
import { LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { Page } from '@/ui/page';
import { Failure, Skeleton } from '@/ui/states';
import { BuilderBody } from './builder/builder-body';
import { fileOf, YamlText } from './builder/file-panel';

const newRoute = getRouteApi('/app/forms/new');
const editRoute = getRouteApi('/app/forms/$id/edit');

const Above = () => (
  <Link to="/forms" className="hover:text-ink hover:underline">
    Forms
  </Link>
);

/** What a builder needs beside the form. */
function useTools() {
  const workflows = useQuery(workflowsQuery(useOrganization()));
  const rules = useQuery({ queryKey: ['evaluator'], queryFn: evaluator, staleTime: Infinity });
  return {
    workflows: workflows.data,
    evaluator: rules.data,
    error: workflows.error ?? rules.error,
    retry: () => {
      if (workflows.error !== null) void workflows.refetch();
      if (rules.error !== null) void rules.refetch();
    },
  };
}

function Waiting({ title, error, retry }: { title: string; error: unknown; retry: () => void }) {
  return (
    <Page title={title} above={<Above />}>
      {error === null ? (
        <Skeleton className="h-96" />
      ) : (
        <Card padded={false}>
          <Failure error={error} retry={retry} />
        </Card>
      )}
    </Page>
  );
}

export function NewFormScreen() {
  const search = newRoute.useSearch();
  const navigate = newRoute.useNavigate();
  const tools = useTools();
  const from = useQuery({ ...formQuery(useOrganization(), search.from ?? ''), enabled: search.from !== undefined });
  const { workflows, evaluator: rules } = tools;
  if (workflows === undefined || rules === undefined || (search.from !== undefined && from.data === undefined)) {
    const retry = () => (tools.error === null ? void from.refetch() : tools.retry());
    return <Waiting title="New form" error={tools.error ?? from.error} retry={retry} />;
  }
  const initial: FormDefinition =
    from.data === undefined ? emptyForm(search.workflow) : { ...draftOf(from.data), name: `${from.data.name} (copy)` };
  return (
    <BuilderBody
      key={search.from ?? ''}
      view={undefined}
      initial={initial}
      workflows={workflows}
      evaluator={rules}
      search={search}
      onSearch={(change) => void navigate({ search: (old) => ({ ...old, ...change }), replace: true, resetScroll: false })}
    />
  );
}

export function EditFormScreen() {
  const { id } = editRoute.useParams();
  const search = editRoute.useSearch();
  const navigate = editRoute.useNavigate();
  const tools = useTools();
  const form = useQuery({ ...formQuery(useOrganization(), id), refetchOnWindowFocus: false, refetchOnReconnect: false });
  const { workflows, evaluator: rules } = tools;
  if (workflows === undefined || rules === undefined || form.data === undefined) {
    const retry = () => (tools.error === null ? void form.refetch() : tools.retry());
    return <Waiting title="Form" error={tools.error ?? form.error} retry={retry} />;
  }
  if (!form.data.may_edit || form.data.source === 'workspace') {
    const isFile = form.data.source === 'workspace';
    return (
      <Page
        title={form.data.name}
        above={<Above />}
        about={
          isFile
            ? `It stands in the workspace, as ${form.data.path ?? 'a file'}. Change it there and deploy.`
            : 'It belongs to the provider, or you may not change it.'
        }
        actions={
          <LinkButton to="/forms/new" search={{ from: id }}>
            <CopyPlus aria-hidden />
            Make a copy
          </LinkButton>
        }
      >
        <Card padded={false} title="Definition">
          <YamlText text={fileOf(draftOf(form.data), workflows)} label="Definition" />
        </Card>
      </Page>
    );
  }
  return (
    <BuilderBody
      key={id}
      view={form.data}
      initial={draftOf(form.data)}
      workflows={workflows}
      evaluator={rules}
      search={search}
      onSearch={(change) => void navigate({ search: (old) => ({ ...old, ...change }), replace: true, resetScroll: false })}
    />
  );
}
