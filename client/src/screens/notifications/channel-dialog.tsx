/** Creates, changes or deletes a channel. What a webhook is signed with is shown once. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { api, call } from '@/api/client';
import type { Channel, CreatedChannel } from '@/api/notifications';
import { useMay } from '@/api/session';
import { linesOf, showAtField } from '@/lib/forms';
import { Button } from '@/ui/button';
import { Confirm } from '@/ui/confirm';
import { Command } from '@/ui/copy';
import { Dialog, DialogActions } from '@/ui/dialog';
import { CheckField, Field, Input, Select, TextArea } from '@/ui/field';
import { Notice } from '@/ui/notice';
import { FormError } from '@/ui/states';
import { done } from '@/ui/toast';

interface Values {
  name: string;
  kind: Channel['kind'];
  addresses: string;
  url: string;
  full_errors: boolean;
  enabled: boolean;
}

const NAMES = ['name', 'kind', 'addresses', 'url'] as const;

interface Props {
  channel: Channel | undefined;
  hasMail: boolean;
  onClose: () => void;
}

function send(channel: Channel | undefined, { kind, addresses, url, full_errors, ...rest }: Values): Promise<Channel & Pick<CreatedChannel, 'secret'>> {
  const target = kind === 'email' ? { addresses: linesOf(addresses) } : { url };
  if (channel === undefined) return call(api.POST('/api/notification-channels', { body: { ...rest, kind, full_errors, ...target } }));
  // What did not change needs no permission of its own.
  const errors = full_errors === channel.full_errors ? {} : { full_errors };
  const moved = kind === 'email' ? linesOf(addresses).join() !== channel.addresses.join() : url !== channel.url;
  const body = { ...rest, ...errors, ...(moved ? target : {}) };
  return call(api.PATCH('/api/notification-channels/{id}', { params: { path: { id: channel.id } }, body }));
}

export function ChannelDialog({ channel, hasMail, onClose }: Props) {
  const client = useQueryClient();
  const may = useMay();
  const [deleting, setDeleting] = useState(false);
  const { register, handleSubmit, watch, setError, formState } = useForm<Values>({
    defaultValues: {
      name: channel?.name ?? '',
      kind: channel?.kind ?? (hasMail ? 'email' : 'webhook'),
      addresses: channel?.addresses.join('\n') ?? '',
      url: channel?.url ?? '',
      full_errors: channel?.full_errors ?? false,
      enabled: channel?.enabled ?? true,
    },
  });
  const refresh = () => client.invalidateQueries({ queryKey: ['notification-channels'] });
  const save = useMutation({
    mutationFn: (values: Values) => send(channel, values),
    onSuccess: async (saved) => {
      done(`“${saved.name}” is saved`);
      if (saved.secret == null) onClose();
      await refresh();
    },
    onError: (error) => showAtField<Values>(error, NAMES, setError),
  });
  const remove = async () => {
    await call(api.DELETE('/api/notification-channels/{id}', { params: { path: { id: channel?.id ?? '' } } }));
    done('The channel is deleted');
    onClose();
    await Promise.all([refresh(), client.invalidateQueries({ queryKey: ['notification-rules'] })]);
  };
  if (save.data?.secret != null) {
    return (
      <Dialog open onClose={onClose} title={`“${save.data.name}” is saved`} description="Requests are signed with this secret. It is shown only once; give it to the receiver.">
        <Command text={save.data.secret} label="Copy the secret" />
        <DialogActions>
          <Button look="primary" onClick={onClose}>
            I have saved it
          </Button>
        </DialogActions>
      </Dialog>
    );
  }
  const errors = formState.errors;
  const kind = watch('kind');
  return (
    <Dialog open side onClose={onClose} title={channel?.name ?? 'New channel'}>
      <form className="grid gap-4" onSubmit={handleSubmit((values) => save.mutate(values))}>
        <FormError error={save.error} />
        <Field label="Name" error={errors.name?.message}>
          {(tied) => <Input {...tied} {...register('name')} required />}
        </Field>
        <Field label="Kind">
          {(tied) => (
            <Select {...tied} {...register('kind')} disabled={channel !== undefined}>
              <option value="email">E-mail</option>
              <option value="webhook">Webhook</option>
            </Select>
          )}
        </Field>
        {kind === 'email' ? (
          <>
            {!hasMail && (
              <Notice tone="warn">This platform has no mail server yet. An operator can set one up.</Notice>
            )}
            <Field label="Addresses" help="One per line, up to 20." error={errors.addresses?.message}>
              {(tied) => <TextArea {...tied} {...register('addresses')} rows={4} spellCheck={false} required />}
            </Field>
          </>
        ) : (
          <Field label="URL" help="An address that your workflows may reach, such as https://example.com/hook. Another URL gets another secret." error={errors.url?.message}>
            {(tied) => <Input {...tied} {...register('url')} type="url" required />}
          </Field>
        )}
        <CheckField
          label="Include errors for developers"
          help="Otherwise, only what a workflow tells its users is sent. These errors may contain customer data."
          disabled={!may('executions.read') && channel?.full_errors !== true}
          {...register('full_errors')}
        />
        <CheckField label="On" help="When off, nothing is sent, and nothing is caught up on later." {...register('enabled')} />
        <DialogActions>
          {channel !== undefined && (
            <Button look="danger" className="mr-auto" onClick={() => setDeleting(true)}>
              <Trash2 aria-hidden />
              Delete
            </Button>
          )}
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={save.isPending}>
            Save
          </Button>
        </DialogActions>
      </form>
      <Confirm open={deleting} onClose={() => setDeleting(false)} title={`Delete “${channel?.name ?? ''}”?`} action="Delete" onConfirm={remove}>
        Rules that use it continue without it. A rule that notifies nobody else is switched off.
      </Confirm>
    </Dialog>
  );
}
