/** The end of an organization: an export, then everything of it is deleted. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Download, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api, call } from '@/api/client';
import type { Organization } from '@/api/types';
import { bytes } from '@/lib/format';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Confirm } from '@/ui/confirm';
import { Fact, Facts } from '@/ui/page';
import { Show, Skeleton } from '@/ui/states';
import { Ago } from '@/ui/time';
import { done } from '@/ui/toast';

/** While it goes on it is looked at so often, in milliseconds. */
const AGAIN = 2_000;

const STATE_NAMES = { exporting: 'Being exported', deleting: 'Being deleted', done: 'Done' };

/** How far it is, and the export; also when the organization is gone. */
export function Offboarded({ id }: { id: string }) {
  const offboarding = useQuery({
    queryKey: ['offboarding', id],
    queryFn: ({ signal }) => call(api.GET('/api/organizations/{id}/offboarding', { params: { path: { id } }, signal })),
    refetchInterval: ({ state: { data } }) => (data === undefined || data.state === 'done' ? false : AGAIN),
  });
  return (
    <Show query={offboarding} skeleton={<Skeleton className="h-40" />}>
      {({ name, state, proof, requested_at }) => (
        <Card title="Offboarding" actions={<Badge tone={state === 'done' ? 'good' : 'info'}>{STATE_NAMES[state]}</Badge>}>
          <div className="grid gap-4">
            <Facts>
              <Fact name="Organization">{name}</Fact>
              <Fact name="Begun">
                <Ago at={requested_at} />
              </Fact>
              <Fact name="Export">{bytes(proof.export.bytes)}</Fact>
              <Fact name="SHA-256">
                <code className="font-mono text-xs break-all">{proof.export.sha256 ?? 'not yet'}</code>
              </Fact>
            </Facts>
            {state !== 'exporting' && (
              <a
                href={`/api/organizations/${id}/offboarding/export`}
                download
                className="inline-flex items-center gap-1.5 justify-self-start rounded text-accent-text hover:underline"
              >
                <Download className="size-4" aria-hidden />
                Download the export
              </a>
            )}
          </div>
        </Card>
      )}
    </Show>
  );
}

export function Offboarding({ organization }: { organization: Organization }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const begin = async () => {
    const params = { path: { id: organization.id } };
    await call(api.POST('/api/organizations/{id}/offboarding', { params, body: { confirm: organization.name } }));
    done('The offboarding has begun');
    await client.invalidateQueries();
  };
  if (organization.is_offboarding) return <Offboarded id={organization.id} />;
  return (
    <Card title="Offboarding" className="border-bad/40">
      <div className="flex flex-wrap items-center gap-3">
        <p className="min-w-0 flex-1 basis-64 text-ui text-muted">
          Ends its runs, exports everything that is its, and then deletes it: people, code, settings, runs. There is no
          way back.
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
        It is suspended at once, and for good. The export can be downloaded once it is written.
      </Confirm>
    </Card>
  );
}
