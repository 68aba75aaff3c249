/** A client of the connection's own, and a refresh token that was got elsewhere. */
import { useState } from 'react';
import { api, call } from '@/api/client';
import type { Connection, Integration } from '@/api/types';
import { useSave } from '@/lib/change';
import { problemAt } from '@/lib/forms';
import { Field, Input } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { Notice } from '@/ui/notice';

interface Props {
  integration: Integration;
  connection: Connection | undefined;
  onClose: () => void;
}

export function ClientDialog({ integration, connection, onClose }: Props) {
  const [id, setId] = useState(connection?.client_id ?? '');
  const [secret, setSecret] = useState('');
  const [token, setToken] = useState('');
  const changed = id !== (connection?.client_id ?? '');
  const save = useSave(
    async () => {
      const kept = { ...(secret === '' ? {} : { client_secret: secret }), ...(token === '' ? {} : { refresh_token: token }) };
      if (connection === undefined) {
        return call(api.POST('/api/oauth/connections', { body: { integration: integration.name, client_id: id || null, ...kept } }));
      }
      const body = { ...kept, ...(changed ? { client_id: id } : {}) };
      return call(api.PATCH('/api/oauth/connections/{id}', { params: { path: { id: connection.id } }, body }));
    },
    { says: () => (token === '' ? 'The connection is saved' : 'The refresh token is saved and used from now on'), again: ['connections'], then: onClose },
  );
  return (
    <FormDialog
      title="Authorization"
      description="Fields that you leave empty stay as they are."
      onClose={onClose}
      onSubmit={() => save.mutate()}
      error={save.error}
      busy={save.isPending}
    >
      <Field label="Refresh token" optional help="A token that you got from the other system. It is renewed immediately." error={problemAt(save.error, 'refresh_token')}>
        {(tied) => <Input {...tied} value={token} type="password" autoComplete="new-password" onChange={(event) => setToken(event.target.value)} />}
      </Field>
      <Field
        label="Own client ID"
        optional
        help={`Leave empty to use the integration’s client ID, ${integration.oauth?.client_id ?? ''}.`}
        error={problemAt(save.error, 'client_id')}
      >
        {(tied) => <Input {...tied} value={id} autoComplete="off" spellCheck={false} onChange={(event) => setId(event.target.value)} />}
      </Field>
      <Field label="Secret of that client" optional help="Kept encrypted, and never shown again." error={problemAt(save.error, 'client_secret')}>
        {(tied) => <Input {...tied} value={secret} type="password" autoComplete="new-password" onChange={(event) => setSecret(event.target.value)} />}
      </Field>
      {changed && connection !== undefined && connection.status !== 'not_connected' && (
        <Notice tone="warn">Another client has to be connected again; the present tokens are deleted.</Notice>
      )}
    </FormDialog>
  );
}
