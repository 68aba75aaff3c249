/** Sends a delivery as its sender would: signed here, with a secret that only this page has. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { Send } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { problemOf } from '@/api/problem';
import { useOrganization } from '@/api/session';
import type { components } from '@/api/schema';
import type { Webhook } from '@/api/types';
import { objectOf } from '@/lib/entered';
import { count, plural } from '@/lib/format';
import { Button, LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { Command } from '@/ui/copy';
import { Field, Input, Select } from '@/ui/field';
import { JsonField } from '@/ui/json-field';
import { Notice } from '@/ui/notice';
import { FormError, Skeleton } from '@/ui/states';
import { fitting, type Delivered } from './fill';
import { KINDS } from './kinds';
import { subscriptionsQuery } from './queries';
import { exampleBody, signed, testCommand } from './sign';
import { addressOf } from './webhooks-screen';

const Filler = lazy(() => import('./filler'));

/** Of a delivery, of the events that an adapter found in it, or whatever else an adapter answers. */
type Answer = components['schemas']['HookAnswer'] | components['schemas']['EventsAnswer'] | object;

const route = getRouteApi('/app/webhooks/$id');

export function TestPanel({ webhook }: { webhook: Webhook }) {
  const address = addressOf(webhook);
  if (address === undefined) {
    return (
      <Card title="From code" className="max-w-3xl">
        <div className="grid gap-3">
          <p>A topic takes nothing from outside. A workflow of this organization emits it:</p>
          <Command text={`from bifrost import events\n\nawait events.emit(${JSON.stringify(webhook.topic)}, {"id": 7})`} label="Copy the code" />
          <p className="text-xs text-muted">What it emits is shown under Deliveries right away.</p>
        </div>
      </Card>
    );
  }
  return <Sender webhook={webhook} address={address} />;
}

function Sender({ webhook, address }: { webhook: Webhook; address: string }) {
  const client = useQueryClient();
  const navigate = route.useNavigate();
  const [secret, setSecret] = useState('');
  const [event, setEvent] = useState('issues');
  const [body, setBody] = useState(() => exampleBody(webhook));
  const [filled, setFilled] = useState('');
  const organization = useOrganization();
  const { data: subscriptions = [] } = useQuery(subscriptionsQuery(organization, webhook.id));
  const subscription = subscriptions.find((one) => one.id === filled);
  // Shown in the command; each press of the button is a delivery of its own.
  const [id] = useState(() => crypto.randomUUID());
  const { secret: needsSecret, label } = KINDS[webhook.kind];
  // Browsers sign on pages that came over HTTPS, or from this computer.
  const signs = !needsSecret || webhook.kind === 'microsoft_graph' || window.isSecureContext;
  const read = objectOf(body);
  const problem = 'problem' in read ? read.problem : undefined;
  const deliver = (now: Delivered) => {
    setBody(JSON.stringify(now.body, null, 2));
    setEvent(now.event);
  };
  const choose = (to: string) => {
    setFilled(to);
    const chosen = subscriptions.find((one) => one.id === to);
    if (chosen !== undefined && 'value' in read) deliver(fitting(webhook.kind, chosen.filter, { body: read.value, event }));
  };
  const send = useMutation({
    mutationFn: async () => {
      const sent = await signed({ webhook, secret, body, event, id: crypto.randomUUID(), now: Date.now() });
      // As somebody from outside: who is signed in here counts for nothing.
      const answer = await fetch(address, { method: 'POST', headers: sent.headers, body: sent.body, credentials: 'omit' });
      const told: unknown = await answer.json().catch(() => ({}));
      if (!answer.ok) throw problemOf(answer.status, told);
      return (typeof told === 'object' && told !== null ? told : {}) as Answer;
    },
    onSettled: () => client.invalidateQueries({ queryKey: ['deliveries'] }),
  });
  let command: string;
  try {
    command = testCommand(address, { webhook, body, event, id });
  } catch {
    command = '';
  }
  return (
    <div className="grid items-start gap-5 lg:grid-cols-2">
      <Card title="From this page">
        <form
          className="grid gap-4"
          onSubmit={(submitted) => {
            submitted.preventDefault();
            send.mutate();
          }}
        >
          {!webhook.enabled && <Notice tone="warn">This webhook is off: senders get 404.</Notice>}
          {!signs && <Notice tone="warn">This browser cannot sign on a page without HTTPS. Use the command instead.</Notice>}
          {webhook.kind === 'adapter' && (
            <Notice>The adapter decides whether a delivery is genuine. If it asks for a signature, use the command with the sender’s headers.</Notice>
          )}
          {needsSecret && (
            <Field label="Secret" help="It was shown when the webhook was created. It is used here for the signature and sent nowhere.">
              {(tied) => <Input {...tied} value={secret} type="password" autoComplete="off" required onChange={(changed) => setSecret(changed.target.value)} />}
            </Field>
          )}
          {webhook.kind === 'github' && (
            <Field label="Event" help="Sent as the header X-GitHub-Event, such as issues.">
              {(tied) => <Input {...tied} value={event} required spellCheck={false} onChange={(changed) => setEvent(changed.target.value)} />}
            </Field>
          )}
          {subscriptions.length > 0 && webhook.kind !== 'adapter' && (
            <Field label="Fill it in for" optional help="Its parameters are written into the body, where the subscription looks for them.">
              {(tied) => (
                <Select {...tied} value={subscription?.id ?? ''} onChange={(changed) => choose(changed.target.value)}>
                  <option value="">Nothing: the body as it is</option>
                  {subscriptions.map(({ id: one, workflow_name }) => (
                    <option key={one} value={one}>
                      {workflow_name}
                    </option>
                  ))}
                </Select>
              )}
            </Field>
          )}
          {subscription !== undefined &&
            ('value' in read ? (
              <fieldset className="grid min-w-0 gap-4 rounded-md border p-3">
                <legend className="px-1 text-ui font-medium">Parameters of {subscription.workflow_name}</legend>
                <Suspense fallback={<Skeleton className="h-24" />}>
                  <Filler key={subscription.id} webhook={webhook} subscription={subscription} delivered={{ body: read.value, event }} onChange={deliver} />
                </Suspense>
              </fieldset>
            ) : (
              <Notice tone="warn">The body is not a JSON object. Correct it below to fill in the parameters.</Notice>
            ))}
          <JsonField label="Body" value={body} onChange={setBody} error={problem} />
          <FormError error={send.error} />
          {send.data !== undefined && <Told answer={send.data} />}
          <div className="flex justify-end gap-2">
            {send.error !== null && (
              <Button onClick={() => void navigate({ to: '/audit', search: { action: 'webhook.refused' } })}>Why it was refused</Button>
            )}
            <Button type="submit" look="primary" busy={send.isPending} disabled={!signs || problem !== undefined}>
              <Send aria-hidden />
              Send the test
            </Button>
          </div>
        </form>
      </Card>
      <Card title="From a terminal">
        <div className="grid gap-3">
          {command === '' ? (
            <p className="text-ui text-muted">Correct the body first.</p>
          ) : (
            <>
              {needsSecret && <Command text="read -rs SECRET" label="Copy the first command" />}
              <Command text={command} />
            </>
          )}
          <p className="text-xs text-muted">
            {label === 'Microsoft Graph' ? 'Needs bash. ' : ''}
            {needsSecret && 'The first command asks for the secret, and keeps it out of the history of your shell. '}
            A response of 202 means that the delivery has been stored.
          </p>
        </div>
      </Card>
    </div>
  );
}

function Told({ answer }: { answer: Answer }) {
  if ('delivery_id' in answer) {
    return (
      <Notice tone="good" role="status">
        <p>{answer.duplicate ? 'It was recognized as a duplicate, and starts nothing.' : 'Delivered.'}</p>
        <p>
          <LinkButton from="/webhooks/$id" to="." search={{ delivery: answer.delivery_id }} size="small">
            See the outcome
          </LinkButton>
        </p>
      </Notice>
    );
  }
  const again = 'accepted' in answer && answer.duplicates > 0 ? ` ${count(answer.duplicates)} had come before.` : '';
  return (
    <Notice tone="good" role="status">
      {'accepted' in answer ? `The adapter found ${plural(answer.accepted, 'new event')} in it.${again}` : 'The adapter answered, and delivered nothing.'}
    </Notice>
  );
}
