/** What went in, and what the workflow's variables were in the end. */
import { useQuery } from '@tanstack/react-query';
import { Braces, FileQuestion } from 'lucide-react';
import { api, call } from '@/api/client';
import { useOrganization } from '@/api/session';
import type { Execution } from '@/api/types';
import { Card } from '@/ui/card';
import { CopyButton } from '@/ui/copy';
import { Empty, Show } from '@/ui/states';
import { isOver } from '@/ui/status';
import { Pretty } from './pretty';

const isEmpty = (value: unknown): boolean =>
  value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0);

export function InputPanel({ run }: { run: Execution }) {
  if (run.missing?.includes('parameters')) {
    return (
      <Card>
        <Empty icon={FileQuestion} title="The input is not kept any more" />
      </Card>
    );
  }
  if (isEmpty(run.input_data)) {
    return (
      <Card>
        <Empty icon={Braces} title="It was run with its defaults" />
      </Card>
    );
  }
  return (
    <Card
      title="Parameters"
      actions={<CopyButton text={() => JSON.stringify(run.input_data, null, 2)} label="Copy as JSON" />}
    >
      <Pretty value={run.input_data} />
    </Card>
  );
}

export function VariablesPanel({ run }: { run: Execution }) {
  const organization = useOrganization();
  const over = isOver(run.status);
  const variables = useQuery({
    queryKey: ['variables', organization, run.execution_id],
    queryFn: ({ signal }) =>
      call(api.GET('/api/executions/{id}/variables', { params: { path: { id: run.execution_id } }, signal })),
    enabled: over,
  });
  if (!over) {
    return (
      <Card>
        <Empty icon={Braces} title="They can be seen when the run has ended" />
      </Card>
    );
  }
  return (
    <Card title="Local variables of the function, at its end" padded={false}>
      <Show query={variables}>
        {(data) =>
          isEmpty(data.variables) ? (
            <Empty icon={Braces} title="There were none" />
          ) : (
            <div className="p-4">
              <Pretty value={data.variables} />
            </div>
          )
        }
      </Show>
    </Card>
  );
}
