/** Creates a webhook; its secret is shown once. */
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { useOrganization } from '@/api/session';
import type { WebhookKind } from '@/api/types';
import { useSave } from '@/lib/change';
import { useFocusProblem } from '@/lib/focus-problem';
import { exceptAt, problemAt } from '@/lib/forms';
import type { Values } from '@/lib/values';
import { Button } from '@/ui/button';
import { Command } from '@/ui/copy';
import { Dialog, DialogActions } from '@/ui/dialog';
import { CheckField, Field, Input, Select } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { Notice } from '@/ui/notice';
import { useValuesForm } from '@/ui/value-fields';
import { AdapterFields, clearing } from './adapter-fields';
import { bodyOf, formOf, rateOf, WebhookFields, type Form } from './form';
import { KIND_NAMES, KINDS } from './kinds';
import { adaptersQuery } from './queries';
import { addressOf } from './webhooks-screen';

export function NewDialog({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const [kind, setKind] = useState<WebhookKind>('generic');
  const [form, setForm] = useState(() => formOf());
  const [secret, setSecret] = useState('');
  const [meant, setMeant] = useState(false);
  const [adapterId, setAdapterId] = useState<string>();
  const isAdapter = kind === 'adapter';
  const adapters = useQuery({ ...adaptersQuery(useOrganization()), enabled: isAdapter });
  const adapter = adapters.data?.find(({ id }) => id === adapterId) ?? adapters.data?.[0];
  const values = useValuesForm(adapter?.config_schema ?? [], {});
  const choose = (now: WebhookKind) => {
    setKind(now);
    setForm((old) => (old.rate === rateOf(kind) ? { ...old, rate: rateOf(now) } : old));
  };
  const make = useSave(
    (config: Values) => {
      const { signature_header, delivery_header, ...rest } = bodyOf(form, kind);
      const body = {
        ...rest,
        kind,
        ...(signature_header ? { signature_header } : {}),
        ...(delivery_header ? { delivery_header } : {}),
        ...(KINDS[kind].secret && secret !== '' ? { secret } : {}),
        ...(isAdapter && adapter !== undefined ? { adapter: adapter.id, config } : {}),
        ...(kind === 'unsigned' ? { confirm_unsigned: meant } : {}),
      };
      return call(api.POST('/api/webhooks', { body }));
    },
    { again: ['webhooks'] },
  );
  // While it is on its way, its answer with the secret is still to come.
  const clear = () => make.isError && make.reset();
  const set = (part: Partial<Form>) => {
    clear();
    setForm((old) => ({ ...old, ...part }));
  };
  const enterSecret = (text: string) => {
    clear();
    setSecret(text);
  };
  // What the server says of these stands at them; what it says of one that is folded away, above the form.
  const shown = ['name', 'topic', 'adapter', 'secret', ...(adapter?.config_schema ?? []).map(({ key }) => `config.${key}`)];
  useFocusProblem(make.error);
  const submit = () => {
    const config = isAdapter ? values.read() : {};
    if (config !== undefined) make.mutate(config);
  };
  if (make.data !== undefined) {
    const { id, name, secret: made, topic } = make.data;
    const subscribed = make.data.adapter?.subscribes === true;
    const address = addressOf(make.data);
    const told = subscribed ? 'Its adapter registers this address with the other system automatically.' : made == null ? 'Enter it at the sender.' : 'Enter both at the sender.';
    const go = () => void navigate({ to: '/webhooks/$id', params: { id }, search: { tab: 'subscriptions' } });
    return (
      <Dialog open onClose={onClose} title={`“${name}” is created`} description={address === undefined ? undefined : told}>
        <div className="grid gap-4">
          {address !== undefined && (
            <div className="grid gap-1.5">
              <p className="text-ui font-medium">Address</p>
              <Command text={address} label="Copy the address" />
            </div>
          )}
          {made != null && (
            <div className="grid gap-1.5">
              <p className="text-ui font-medium">Secret, shown only once</p>
              <Command text={made} label="Copy the secret" />
            </div>
          )}
          {address === undefined && (
            <div className="grid gap-1.5">
              <p className="text-ui font-medium">How workflows emit it</p>
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
      onSubmit={submit}
      error={exceptAt(make.error, ...shown)}
      busy={make.isPending}
      disabled={(kind === 'unsigned' && !meant) || (isAdapter && adapter === undefined)}
      action="Create"
    >
      <Field label="Kind" help={KINDS[kind].about}>
        {(tied) => (
          <Select {...tied} value={kind} onChange={(event) => choose(event.target.value as WebhookKind)}>
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
          <Notice tone="warn">Anyone who learns the address can start your workflows with any content. Restrict it to known networks if you can.</Notice>
          <CheckField label="I understand: deliveries are not verified" checked={meant} onChange={(event) => setMeant(event.target.checked)} />
        </>
      )}
      {isAdapter && <AdapterFields adapters={adapters} chosen={adapter} onChoose={setAdapterId} form={clearing(values, clear)} error={make.error} />}
      <WebhookFields kind={kind} form={form} set={set} error={make.error} folded />
      {KINDS[kind].secret && (
        <Field label="Secret" optional help="Enter one only if the sender already has it. Otherwise, one is generated and shown only once." error={problemAt(make.error, 'secret')}>
          {(tied) => <Input {...tied} value={secret} type="password" autoComplete="new-password" onChange={(event) => enterSecret(event.target.value)} />}
        </Field>
      )}
    </FormDialog>
  );
}
