/** Makes a webhook; its secret is shown once. */
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, call } from '@/api/client';
import type { WebhookKind } from '@/api/types';
import { useSave } from '@/lib/change';
import { problemAt } from '@/lib/forms';
import { Button } from '@/ui/button';
import { Command } from '@/ui/copy';
import { Dialog, DialogActions } from '@/ui/dialog';
import { CheckField, Field, Input, Select } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { Notice } from '@/ui/notice';
import { bodyOf, formOf, WebhookFields, type Form } from './form';
import { KIND_NAMES, KINDS } from './kinds';
import { addressOf } from './webhooks-screen';

export function NewDialog({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [kind, setKind] = useState<WebhookKind>('generic');
  const [form, setForm] = useState(() => formOf());
  const [secret, setSecret] = useState('');
  const [meant, setMeant] = useState(false);
  const make = useSave(
    () => {
      const { signature_header, delivery_header, ...rest } = bodyOf(form, kind);
      const body = {
        ...rest,
        kind,
        ...(signature_header ? { signature_header } : {}),
        ...(delivery_header ? { delivery_header } : {}),
        ...(KINDS[kind].secret && secret !== '' ? { secret } : {}),
        ...(kind === 'unsigned' ? { confirm_unsigned: meant } : {}),
      };
      return call(api.POST('/api/webhooks', { body }));
    },
    { again: ['webhooks'] },
  );
  if (make.data !== undefined) {
    const { id, name, secret: made, topic } = make.data;
    const address = addressOf(make.data);
    const go = () => void navigate({ to: '/webhooks/$id', params: { id }, search: { tab: 'subscriptions' } });
    return (
      <Dialog open onClose={onClose} title={`“${name}” is made`} description={address === undefined ? undefined : 'Enter both at the sender.'}>
        <div className="grid gap-4">
          {address !== undefined && (
            <div className="grid gap-1.5">
              <p className="text-ui font-medium">Address</p>
              <Command text={address} label="Copy the address" />
            </div>
          )}
          {made != null && (
            <div className="grid gap-1.5">
              <p className="text-ui font-medium">Secret, shown this once</p>
              <Command text={made} label="Copy the secret" />
            </div>
          )}
          {address === undefined && (
            <div className="grid gap-1.5">
              <p className="text-ui font-medium">Workflows emit it so</p>
              <Command text={`await events.emit("${topic ?? ''}", {"id": 7})`} label="Copy the code" />
            </div>
          )}
        </div>
        <DialogActions>
          <Button onClick={onClose}>Close</Button>
          <Button look="primary" onClick={go}>
            Choose workflows that start
          </Button>
        </DialogActions>
      </Dialog>
    );
  }
  return (
    <FormDialog
      title="New webhook"
      side
      onClose={onClose}
      onSubmit={() => make.mutate()}
      error={make.error}
      busy={make.isPending}
      disabled={kind === 'unsigned' && !meant}
      action="Make it"
    >
      <Field label="Kind" help={KINDS[kind].about}>
        {(tied) => (
          <Select {...tied} value={kind} onChange={(event) => setKind(event.target.value as WebhookKind)}>
            {KIND_NAMES.map((one) => (
              <option key={one} value={one}>
                {KINDS[one].label}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {kind === 'unsigned' && (
        <>
          <Notice tone="warn">Whoever learns the address can start your workflows, with any content. Limit it to networks where you can.</Notice>
          <CheckField label="I mean it: no signature" checked={meant} onChange={(event) => setMeant(event.target.checked)} />
        </>
      )}
      <WebhookFields kind={kind} form={form} set={(part: Partial<Form>) => setForm((old) => ({ ...old, ...part }))} error={make.error} folded />
      {KINDS[kind].secret && (
        <Field label="Secret" optional help="Only if the sender has one already. Else one is made, and shown this once." error={problemAt(make.error, 'secret')}>
          {(tied) => <Input {...tied} value={secret} type="password" autoComplete="new-password" onChange={(event) => setSecret(event.target.value)} />}
        </Field>
      )}
    </FormDialog>
  );
}
