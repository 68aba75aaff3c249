/** The file that the workflow is deployed from. */
import { useQuery } from '@tanstack/react-query';
import { FolderCode, PencilLine } from 'lucide-react';
import { fileQuery } from '@/api/queries';
import { useMay, useOrganization } from '@/api/session';
import type { Workflow } from '@/api/types';
import { LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { Code } from '@/ui/code';
import { Show, Skeleton } from '@/ui/states';

export function CodePanel({ workflow }: { workflow: Workflow }) {
  const organization = useOrganization();
  const may = useMay();
  const file = useQuery(fileQuery(organization, workflow.path));
  return (
    <Card
      padded={false}
      title={<span className="font-mono text-xs font-normal">{workflow.function_id}</span>}
      actions={
        <>
          {may('workspace.draft') && (
            <LinkButton
              to="/code/edit"
              search={{ path: workflow.path, line: workflow.line, run: workflow.function_id }}
              size="small"
              look="quiet"
            >
              <PencilLine aria-hidden />
              Edit
            </LinkButton>
          )}
          <LinkButton to="/code" search={{ path: workflow.path, line: workflow.line }} size="small" look="quiet">
            <FolderCode aria-hidden />
            All files
          </LinkButton>
        </>
      }
    >
      <Show query={file} skeleton={<Skeleton className="m-4 h-48" />}>
        {({ content }) => (
          <Code value={content} label={workflow.path} language="python" line={workflow.line} height="32rem" />
        )}
      </Show>
    </Card>
  );
}
