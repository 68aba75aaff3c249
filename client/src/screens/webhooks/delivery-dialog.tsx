/** One delivery: what was sent, what became of it for each workflow, and doing it again. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { RotateCcw } from 'lucide-react';
import { useState, type ReactNode } from 'react';
import { api, call } from '@/api/client';
import { useUserName } from '@/api/names';
import { workflowsQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import type { components } from '@/api/schema';
import { useSave } from '@/lib/change';
import { bytes } from '@/lib/format';
import { whole } from '@/lib/time';
import { Button } from '@/ui/button';
import { Confirm } from '@/ui/confirm';
import { CopyButton } from '@/ui/copy';
import { Dialog } from '@/ui/dialog';
import { JsonTree } from '@/ui/json-tree';
import { Notice } from '@/ui/notice';
import { Fact, Facts } from '@/ui/page';
import { Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { deliveryQuery } from './queries';
import { DeliveryBadge, reasonWords } from './states';

type Details = components['schemas']['DeliveryDetails'];

const route = getRouteApi('/app/webhooks/$id');

export function DeliveryDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const organization = useOrganization();
  const delivery = useQuery(deliveryQuery(organization, id));
  return (
    <Dialog open side onClose={onClose} title={delivery.data?.event_type ?? 'Delivery'}>
      <Show query={delivery}>{(data) => <Loaded delivery={data} />}</Show>
    </Dialog>
  );
}

function Loaded({ delivery }: { delivery: Details }) {
  const nameOf = useUserName();
  const navigate = route.useNavigate();
  const [asking, setAsking] = useState(false);
  const replay = useSave(() => call(api.POST('/api/webhook-deliveries/{id}/replay', { params: { path: { id: delivery.id } } })), {
    says: () => 'The delivery is replayed',
    again: ['deliveries'],
    then: (again) => void navigate({ search: (old) => ({ ...old, delivery: again.id, cursor: undefined, state: undefined }), resetScroll: false }),
  });
  return (
    <div className="grid gap-6">
      <div className="flex flex-wrap items-center gap-2">
        <DeliveryBadge state={delivery.state} />
        <span className="text-ui text-muted">
          <Ago at={delivery.received_at} />
        </span>
        <Button className="ml-auto" disabled={delivery.state === 'pending'} onClick={() => setAsking(true)}>
          <RotateCcw aria-hidden />
          Replay
        </Button>
      </div>
      {delivery.error != null && (
        <Notice tone={delivery.state === 'failed' ? 'bad' : 'warn'}>
          <p>{delivery.error}</p>
          {delivery.next_attempt_at != null && (
            <p className="text-muted">
              Next attempt: <Ago at={delivery.next_attempt_at} />
            </p>
          )}
        </Notice>
      )}
      <Outcomes delivery={delivery} />
      <Part title="Delivery">
        <Facts>
          <Fact name="Received">{whole(new Date(delivery.received_at))}</Fact>
          <Fact name="Attempts">{delivery.attempts}</Fact>
          {delivery.replay_of != null && (
            <Fact name="Replays">
              <Link from="/webhooks/$id" to="." resetScroll={false} search={(old) => ({ ...old, delivery: delivery.replay_of ?? undefined })} className="text-accent-text hover:underline">
                another delivery
              </Link>
              {delivery.replayed_by != null && `, by ${nameOf(delivery.replayed_by)}`}
            </Fact>
          )}
          {delivery.emitted_by != null && (
            <Fact name="Emitted by">
              <Link to="/runs/$id" params={{ id: delivery.emitted_by }} className="text-accent-text hover:underline">
                a run
              </Link>
            </Fact>
          )}
          <Fact name="ID">
            <code className="font-mono text-xs break-all">{delivery.id}</code>
          </Fact>
        </Facts>
      </Part>
      <Part title="Body" actions={delivery.body != null && <CopyButton text={() => JSON.stringify(delivery.body, null, 2)} label="Copy the body" />}>
        {(delivery.body as unknown) === null ? (
          <p className="text-ui text-muted">
            {delivery.body_bytes === 0 ? 'It has no body.' : `${bytes(delivery.body_bytes)}: too large to show.`}
          </p>
        ) : (
          <JsonTree value={delivery.body} />
        )}
      </Part>
      <Part title="Headers">
        <dl className="grid gap-x-4 gap-y-1 font-mono text-xs sm:grid-cols-[auto_minmax(0,1fr)]">
          {Object.entries(delivery.headers).map(([name, value]) => (
            <div key={name} className="contents">
              <dt className="text-muted">{name}</dt>
              <dd className="break-all max-sm:pb-1.5">{typeof value === 'string' ? value : JSON.stringify(value)}</dd>
            </div>
          ))}
        </dl>
      </Part>
      <Confirm
        open={asking}
        onClose={() => setAsking(false)}
        title="Replay this delivery?"
        action="Replay"
        danger={false}
        onConfirm={() => replay.mutateAsync()}
      >
        It is processed as a new delivery, for the workflows that are subscribed now. They repeat what they did the first time.
      </Confirm>
    </div>
  );
}

function Outcomes({ delivery }: { delivery: Details }) {
  const organization = useOrganization();
  const { data: workflows = [] } = useQuery(workflowsQuery(organization));
  return (
    <Part title="Outcome">
      {delivery.outcomes.length === 0 ? (
        <p className="text-ui text-muted">{delivery.state === 'pending' ? 'Still being processed.' : 'No workflow starts for this webhook.'}</p>
      ) : (
        <ul className="divide-y rounded-md border">
          {delivery.outcomes.map(({ subscription_id, workflow_id, execution_id, reason }) => (
            <li key={subscription_id} className="flex min-h-10 flex-wrap items-center gap-x-3 px-3 py-1.5 text-ui">
              <span className="font-medium break-words">{workflows.find(({ id }) => id === workflow_id)?.name ?? 'a workflow'}</span>
              {execution_id != null ? (
                <Link to="/runs/$id" params={{ id: execution_id }} className="ml-auto text-accent-text hover:underline">
                  Its run
                </Link>
              ) : (
                <span className={reason === 'filtered' ? 'ml-auto text-muted' : 'ml-auto text-bad'}>{reasonWords(reason ?? 'no run')}</span>
              )}
            </li>
          ))}
        </ul>
      )}
    </Part>
  );
}

const Part = ({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) => (
  <section className="grid gap-2">
    <div className="flex items-center gap-2">
      <h3 className="text-ui font-semibold">{title}</h3>
      <div className="ml-auto">{actions}</div>
    </div>
    {children}
  </section>
);
