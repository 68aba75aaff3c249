/** Passkeys of this person. */
import { Fingerprint, Plus, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api, call } from '@/api/client';
import type { components } from '@/api/schema';
import { canUsePasskeys, createPasskey } from '@/lib/passkeys';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Confirm } from '@/ui/confirm';
import { Dialog, DialogActions } from '@/ui/dialog';
import { Field, Input } from '@/ui/field';
import { Ago } from '@/ui/time';
import { done } from '@/ui/toast';
import { ChangeError, useChange } from './use-change';

type Passkey = components['schemas']['PasskeyView'];

export function Passkeys({ passkeys }: { passkeys: Passkey[] }) {
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Passkey>();
  const remove = useChange((id: string) => call(api.DELETE('/api/me/passkeys/{id}', { params: { path: { id } } })));
  return (
    <Card
      title="Passkeys"
      padded={false}
      actions={
        canUsePasskeys() && (
          <Button size="small" onClick={() => setAdding(true)}>
            <Plus aria-hidden />
            Add a passkey
          </Button>
        )
      }
    >
      {passkeys.length === 0 ? (
        <p className="px-4 py-5 text-ui text-muted">
          None yet. A passkey on your device or security key signs you in by itself, without a password or a code.
        </p>
      ) : (
        <ul className="divide-y">
          {passkeys.map((passkey) => (
            <li key={passkey.id} className="flex min-h-12 items-center gap-3 px-4 py-1.5 text-ui">
              <Fingerprint className="size-4 shrink-0 text-muted" aria-hidden />
              <span className="min-w-0 flex-1 font-medium break-words">{passkey.name}</span>
              <span className="text-muted">
                {passkey.last_used_at == null ? 'Never used' : <Ago at={passkey.last_used_at} />}
              </span>
              <Button look="quiet" size="small" aria-label={`Remove ${passkey.name}`} onClick={() => setRemoving(passkey)}>
                <Trash2 aria-hidden />
              </Button>
            </li>
          ))}
        </ul>
      )}
      {adding && <AddDialog onClose={() => setAdding(false)} />}
      <Confirm
        open={removing !== undefined}
        onClose={() => setRemoving(undefined)}
        title={`Remove “${removing?.name ?? ''}”?`}
        action="Remove"
        onConfirm={() => remove.mutateAsync(removing?.id ?? '')}
      >
        You can no longer sign in with it.
      </Confirm>
    </Card>
  );
}

function AddDialog({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const add = useChange(
    async (called: string) => {
      const challenge = await call(api.POST('/api/me/passkeys/challenge'));
      const credential = await createPasskey(challenge);
      return call(api.POST('/api/me/passkeys', { body: { name: called, credential } }));
    },
    () => {
      done('The passkey is added');
      onClose();
    },
  );
  return (
    <Dialog open onClose={onClose} title="Add a passkey">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          add.mutate(name);
        }}
      >
        <ChangeError error={add.error} />
        <Field label="Name" help="A name to recognize the passkey by, such as “Laptop”.">
          {(tied) => <Input {...tied} value={name} required autoFocus onChange={(event) => setName(event.target.value)} />}
        </Field>
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={add.isPending}>
            Continue
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
