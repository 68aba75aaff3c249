/** The versions that changed the file of the workflow; each leads to its changes, and to the way back. */
import { useQuery } from '@tanstack/react-query';
import { History } from 'lucide-react';
import { versionsQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import type { Workflow } from '@/api/types';
import { VersionTable } from '@/screens/code/versions';
import { LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { Empty, Show } from '@/ui/states';

export default function VersionsPanel({ workflow }: { workflow: Workflow }) {
  const versions = useQuery(versionsQuery(useOrganization(), workflow.path));
  return (
    <Card
      padded={false}
      title={<span>Versions that changed <code className="font-mono text-xs font-normal">{workflow.path}</code></span>}
      actions={
        <LinkButton to="/code" search={{ tab: 'versions' }} size="small" look="quiet">
          All versions
        </LinkButton>
      }
    >
      <Show query={versions}>
        {(all) =>
          all.length === 0 ? (
            <Empty icon={History} title="None of the last 50 versions changed this file" />
          ) : (
            <VersionTable versions={all} changes />
          )
        }
      </Show>
    </Card>
  );
}
