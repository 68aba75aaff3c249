/** How to run the workflow from a terminal or a program. */
import { useMay, useOrganization } from '@/api/session';
import type { Workflow } from '@/api/types';
import { curlCommand, endpointCommand, exampleInput, runCommand } from '@/lib/commands';
import { Card } from '@/ui/card';
import { Command } from '@/ui/copy';

export function CallPanel({ workflow, input }: { workflow: Workflow; input: Record<string, unknown> }) {
  const organization = useOrganization();
  // Who manages them has a tab of theirs.
  const endpoints = useMay()('webhooks.manage') ? [] : (workflow.endpoints ?? []);
  const given = { ...exampleInput(workflow.parameters), ...input };
  return (
    <div className="grid items-start gap-5 lg:grid-cols-2">
      <Card title="Command line">
        <div className="grid gap-2">
          <Command text={runCommand(workflow.name, input)} />
          <p className="text-xs text-muted">
            Sign in once with <code className="font-mono">bifrost login --server {location.origin}</code>. The log goes
            to standard error, the result to standard output.
          </p>
        </div>
      </Card>
      <Card title="HTTP">
        <div className="grid gap-2">
          <Command text={curlCommand(location.origin, workflow.id, input, organization)} />
          <p className="text-xs text-muted">
            With an API key in <code className="font-mono">BIFROST_KEY</code>. Without{' '}
            <code className="font-mono">sync</code>, the response comes immediately and the run continues.
          </p>
        </div>
      </Card>
      {endpoints.length > 0 && (
        <Card title="Endpoints" className="lg:col-span-2">
          <ul className="grid gap-4">
            {endpoints.map(({ path, methods, mode, public: open }) => (
              <li key={path} className="grid gap-2">
                <Command text={endpointCommand({ method: methods[0] ?? 'POST', address: `${location.origin}${path}`, input: given, open })} />
                <p className="text-xs text-muted">
                  {methods.join(', ')}. {open ? 'No key is needed.' : 'With an API key in BIFROST_KEY.'}{' '}
                  {mode === 'sync' ? 'The response is what the workflow returns.' : 'The response is the ID of the run, immediately.'}
                </p>
              </li>
            ))}
          </ul>
        </Card>
      )}
    </div>
  );
}
