/** What somebody can do who has run nothing for a while: run a workflow, write the first one, or ask for one. */
import { useQuery } from '@tanstack/react-query';
import { ClipboardList, FileClock, PencilLine, Play, Workflow as WorkflowIcon } from 'lucide-react';
import { workflowsQuery } from '@/api/queries';
import { useMay, useOrganization } from '@/api/session';
import { runCommand } from '@/lib/commands';
import { LinkButton } from '@/ui/button';
import { Empty, Skeleton } from '@/ui/states';

/** The workflows that somebody may run. */
const useRunnable = () =>
  useQuery({ ...workflowsQuery(useOrganization()), select: ({ workflows }) => workflows.filter(({ kind }) => kind !== 'data_provider') });

/** Where the screen leads to: a workflow to run, or the first one to write. */
export function Begin() {
  const { data: runnable } = useRunnable();
  const may = useMay();
  if (runnable?.length !== 0) {
    return (
      <LinkButton to="/workflows" look="primary">
        <Play aria-hidden />
        Run a workflow
      </LinkButton>
    );
  }
  if (!may('workspace.draft')) return null;
  return (
    <LinkButton to="/code/edit" search={{}} look="primary">
      <PencilLine aria-hidden />
      Write a workflow
    </LinkButton>
  );
}

/** In place of the chart, where nothing has run. */
export function NoRuns() {
  const { data: runnable, isPending } = useRunnable();
  const may = useMay();
  if (isPending) return <Skeleton className="h-52" />;
  if (runnable?.length !== 0) {
    const [first] = runnable ?? [];
    return (
      <Empty
        icon={FileClock}
        title="No runs in this period"
        {...(first === undefined ? {} : { command: runCommand(first.name, {}) })}
        action={
          <LinkButton to="/runs" search={{}}>
            All runs
          </LinkButton>
        }
      >
        Run a workflow here, or from a terminal.
      </Empty>
    );
  }
  if (may('workspace.deploy')) {
    return (
      <Empty icon={WorkflowIcon} title="No workflows yet" command="bifrost deploy my-workspace">
        A workflow is a Python function in a folder of yours. Deploy the folder, or write the function here.
      </Empty>
    );
  }
  return (
    <Empty
      icon={WorkflowIcon}
      title="No workflows for you yet"
      action={
        <LinkButton to="/forms" search={{}}>
          <ClipboardList aria-hidden />
          Forms
        </LinkButton>
      }
    >
      Ask an administrator of your organization to grant you one, or see which forms you can fill in.
    </Empty>
  );
}
