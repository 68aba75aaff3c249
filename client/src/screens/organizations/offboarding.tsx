/** The end of an organization: an export, then everything of it is deleted. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Download, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api, call } from '@/api/client';
import type { Offboarding as State, Organization } from '@/api/types';
import { bytes } from '@/lib/format';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Confirm } from '@/ui/confirm';
import { DeleteButton } from '@/ui/delete-button';
import { Fact, Facts } from '@/ui/page';
import { Show, Skeleton } from '@/ui/states';
import { Ago } from '@/ui/time';
import { done } from '@/ui/toast';

/** While it goes on it is looked at so often, in milliseconds. */
const AGAIN = 2_000;

const STATE_NAMES = { exporting: 'Being exported', deleting: 'Being deleted', done: 'Done' };

export function Offboarding({ organization }: { organization: Organization }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  if (organization.is_offboarding) return <Leaving id={organization.id} />;
  const begin = async () => {
    const params = { path: { id: organization.id } };
    await call(api.POST('/api/organizations/{id}/offboarding', { params, body: { confirm: organization.name } }));
    done('The offboarding has started');
    await client.invalidateQueries();
  };
  return (
    <Card title="Offboarding" className="border-bad/40">
      <div className="flex flex-wrap items-center gap-3">
        <p className="min-w-0 flex-1 basis-64 text-ui text-muted">
          Ends its runs, exports all of its data, and then deletes everything: people, code, settings, runs. This cannot
          be undone.
        </p>
        <Button look="danger" onClick={() => setAsking(true)}>
          <Trash2 aria-hidden />
          Offboard…
        </Button>
      </div>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title={`Offboard “${organization.name}”?`}
        action="Export and delete everything"
        typed={organization.name}
        onConfirm={begin}
      >
        The organization is suspended at once, for good. You can download the export when it is complete.
      </Confirm>
    </Card>
  );
}

/** An organization that is being removed, or is gone. */
export function Leaving({ id }: { id: string }) {
  const params = { path: { id } };
  const state = useQuery({
    queryKey: ['offboarding', id],
    queryFn: ({ signal }) => call(api.GET('/api/organizations/{id}/offboarding', { params, signal })),
    refetchInterval: ({ state: { data } }) => (data?.state === 'done' ? false : AGAIN),
  });
  return (
    <Show query={state} skeleton={<Skeleton className="h-40" />}>
      {(data) => <HowFar of={data} />}
    </Show>
  );
}

function HowFar({ of }: { of: State }) {
  const { export: archive } = of.proof;
  const deleted = of.state === 'done' && archive.parts.length === 0;
  return (
    <Card title={`Offboarding of “${of.name}”`} actions={<Badge tone={of.state === 'done' ? 'good' : 'info'}>{STATE_NAMES[of.state]}</Badge>}>
      <div className="grid gap-4">
        <Facts>
          <Fact name="Started">
            <Ago at={of.requested_at} />
          </Fact>
          {of.finished_at != null && (
            <Fact name="Completed">
              <Ago at={of.finished_at} />
            </Fact>
          )}
          <Fact name="Export">{deleted ? `${bytes(archive.bytes)}, deleted` : bytes(archive.bytes)}</Fact>
          <Fact name="SHA-256">
            <code className="font-mono text-xs break-all">{archive.sha256 ?? 'Not yet known'}</code>
          </Fact>
        </Facts>
        {of.state !== 'exporting' && !deleted && (
          <div className="flex flex-wrap items-center justify-between gap-3">
            <a
              href={`/api/organizations/${of.organization_id}/offboarding/export`}
              download
              className="inline-flex items-center gap-1.5 rounded text-accent-text hover:underline"
            >
              <Download className="size-4" aria-hidden />
              Download the export
            </a>
            {of.state === 'done' && <DeleteExport of={of} />}
          </div>
        )}
      </div>
    </Card>
  );
}

function DeleteExport({ of }: { of: State }) {
  const client = useQueryClient();
  const remove = async () => {
    await call(api.DELETE('/api/organizations/{id}/offboarding/export', { params: { path: { id: of.organization_id } } }));
    done('The export is deleted', 'The proof stays.');
    await Promise.all([
      client.invalidateQueries({ queryKey: ['offboarding'] }),
      client.invalidateQueries({ queryKey: ['offboardings'] }),
    ]);
  };
  return (
    <DeleteButton name={of.name} action="Delete the export" title={`Delete the export of “${of.name}”?`} typed={of.name} onDelete={remove}>
      This is the platform’s last copy of the organization’s data. The proof stays.
    </DeleteButton>
  );
}
