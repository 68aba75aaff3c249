/** The settings of a webhook, and the secrets that its sender signs with. */
import { KeyRound, Plus } from 'lucide-react';
import { useState } from 'react';
import { api, call } from '@/api/client';
import type { Webhook } from '@/api/types';
import { useSave } from '@/lib/change';
import { problemAt } from '@/lib/forms';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Command } from '@/ui/copy';
import { DeleteButton } from '@/ui/delete-button';
import { Dialog, DialogActions } from '@/ui/dialog';
import { Field, Input } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { FormError } from '@/ui/states';
import { Ago } from '@/ui/time';
import { AdapterConfig } from './adapter-config';
import { DeleteWebhook } from './delete-webhook';
import { bodyOf, formOf, WebhookFields, type Form } from './form';
import { KINDS } from './kinds';

/** Most secrets: the one of now, and the next one while the sender changes over. */
const MOST = 2;

export function Settings({ webhook }: { webhook: Webhook }) {
  const [form, setForm] = useState(() => formOf(webhook));
  const save = useSave(() => call(api.PATCH('/api/webhooks/{id}', { params: { path: { id: webhook.id } }, body: bodyOf(form, webhook.kind) })), {
    says: ({ name }) => `“${name}” is saved`,
    again: ['webhooks'],
  });
  return (
    <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_22rem]">
      <Card title="Settings">
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            save.mutate();
          }}
        >
          <FormError error={save.error} />
          <WebhookFields kind={webhook.kind} form={form} set={(part: Partial<Form>) => setForm((old) => ({ ...old, ...part }))} error={save.error} folded={false} />
          <div className="flex flex-wrap justify-between gap-2">
            <DeleteWebhook webhook={webhook} />
            <Button type="submit" look="primary" busy={save.isPending}>
              Save settings
            </Button>
          </div>
        </form>
      </Card>
      {KINDS[webhook.kind].secret && <Secrets webhook={webhook} />}
      {webhook.adapter != null && <AdapterConfig id={webhook.id} adapter={webhook.adapter} />}
    </div>
  );
}

function Secrets({ webhook }: { webhook: Webhook }) {
  const [adding, setAdding] = useState(false);
  const secrets = webhook.secrets ?? [];
  const remove = useSave((id: string) => call(api.DELETE('/api/webhook-secrets/{id}', { params: { path: { id } } })), {
    says: () => 'The secret is removed',
    again: ['webhooks'],
  });
  return (
    <Card
      title="Secrets"
      actions={
        secrets.length < MOST && (
          <Button size="small" onClick={() => setAdding(true)}>
            <Plus aria-hidden />
            Add next secret
          </Button>
        )
      }
    >
      <div className="grid gap-3">
        <ul className="grid gap-2">
          {secrets.map(({ id, created_at }, index) => (
            <li key={id} className="flex items-center gap-2 text-ui">
              <KeyRound className="size-4 shrink-0 text-muted" aria-hidden />
              <span>
                Created <Ago at={created_at} />
              </span>
              {secrets.length > 1 && (
                <span className="ml-auto">
                  <DeleteButton name={`secret ${index + 1}`} action="Remove" small onDelete={() => remove.mutateAsync(id)}>
                    Requests signed with it are refused from then on. Remove it once the sender uses the other one.
                  </DeleteButton>
                </span>
              )}
            </li>
          ))}
        </ul>
        <p className="text-xs text-muted">
          {secrets.length > 1
            ? 'Both are valid. Remove the old one once the sender uses the new one.'
            : 'To change it, add the next one, enter it at the sender, then remove the old one. No delivery is lost in between.'}
        </p>
      </div>
      {adding && <SecretDialog webhook={webhook} onClose={() => setAdding(false)} />}
    </Card>
  );
}

function SecretDialog({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  const [secret, setSecret] = useState('');
  const add = useSave(
    () => call(api.POST('/api/webhooks/{id}/secrets', { params: { path: { id: webhook.id } }, body: secret === '' ? {} : { secret } })),
    { again: [], then: ({ secret: made }) => made == null && close() },
  );
  // Read again only when the dialog closes: its card would be made anew below it.
  const read = useSave(async () => undefined, { again: ['webhooks'], then: onClose });
  const close = () => read.mutate();
  if (add.data?.secret != null) {
    return (
      <Dialog open onClose={close} title="Next secret" description="It is shown only once. Enter it at the sender.">
        <Command text={add.data.secret} label="Copy the secret" />
        <DialogActions>
          <Button look="primary" onClick={close}>
            I have saved it
          </Button>
        </DialogActions>
      </Dialog>
    );
  }
  return (
    <FormDialog title="Next secret" onClose={onClose} onSubmit={() => add.mutate()} error={add.error} busy={add.isPending} action="Add secret">
      <Field label="Secret" optional help="Enter one only if the sender already has it. Otherwise, one is generated." error={problemAt(add.error, 'secret')}>
        {(tied) => <Input {...tied} value={secret} type="password" autoComplete="new-password" autoFocus onChange={(event) => setSecret(event.target.value)} />}
      </Field>
    </FormDialog>
  );
}
