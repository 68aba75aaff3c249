/** One person or service account: name, rights, state, and help with signing in. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { KeyRound, LogOut, UserX } from 'lucide-react';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { useMay } from '@/api/session';
import type { User } from '@/api/types';
import { Button } from '@/ui/button';
import { Command } from '@/ui/copy';
import { Dialog, DialogActions } from '@/ui/dialog';
import { CheckField, Field, Input } from '@/ui/field';
import { Empty, FormError } from '@/ui/states';
import { done, failed } from '@/ui/toast';
import { RoleFields } from './role-fields';

export function UserDialog({ user, onClose }: { user: User | undefined; onClose: () => void }) {
  const title = user === undefined ? 'Nobody' : user.name || user.email;
  return (
    <Dialog open side onClose={onClose} title={title} description={user?.email === title ? undefined : user?.email}>
      {user === undefined ? <Empty icon={UserX} title="Nobody here has this ID" /> : <Form user={user} onClose={onClose} />}
    </Dialog>
  );
}

function Form({ user, onClose }: { user: User; onClose: () => void }) {
  const client = useQueryClient();
  const manages = useMay()('users.manage');
  const [name, setName] = useState(user.name);
  const [role, setRole] = useState(user.role);
  const [roles, setRoles] = useState(user.roles.map(({ id }) => id));
  const [active, setActive] = useState(user.is_active);
  const save = useMutation({
    mutationFn: () =>
      call(
        api.PATCH('/api/users/{id}', {
          params: { path: { id: user.id } },
          body: { name, role, roles, is_active: active },
        }),
      ),
    onSuccess: async () => {
      done('Saved', 'It applies from the next request on.');
      onClose();
      await client.invalidateQueries({ queryKey: ['users'] });
    },
  });
  return (
    <div className="grid gap-6">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <FormError error={save.error} />
        <fieldset disabled={!manages} className="grid gap-4">
          <Field label="Name">
            {(tied) => <Input {...tied} value={name} onChange={(event) => setName(event.target.value)} />}
          </Field>
          <RoleFields role={role} roles={roles} onRole={setRole} onRoles={setRoles} />
          <CheckField
            label="Active"
            help="Without this, every sign-in and every key of theirs is refused at once."
            checked={active}
            onChange={(event) => setActive(event.target.checked)}
          />
        </fieldset>
        {manages && (
          <DialogActions>
            <Button onClick={onClose}>Cancel</Button>
            <Button type="submit" look="primary" busy={save.isPending}>
              Save
            </Button>
          </DialogActions>
        )}
      </form>
      {manages && user.kind === 'person' && <SignInHelp user={user} />}
    </div>
  );
}

function SignInHelp({ user }: { user: User }) {
  const params = { path: { id: user.id } };
  const [reset, setReset] = useState(false);
  const link = useMutation({
    mutationFn: () => call(api.POST('/api/users/{id}/password-link', { params, body: { reset_second_factor: reset } })),
    onError: failed,
  });
  const end = useMutation({
    mutationFn: () => call(api.DELETE('/api/users/{id}/sessions', { params })),
    onSuccess: () => done('All their sessions were ended'),
    onError: failed,
  });
  return (
    <section className="grid gap-3 rounded-lg border bg-sunken p-4">
      <div className="grid gap-0.5">
        <h3 className="text-ui font-semibold">Sign-in</h3>
        <p className="text-xs text-muted">These buttons act at once, without Save.</p>
      </div>
      <CheckField
        label="The link also removes the second factor and all passkeys"
        checked={reset}
        onChange={(event) => setReset(event.target.checked)}
      />
      <div className="flex flex-wrap gap-2">
        <Button busy={link.isPending} onClick={() => link.mutate()}>
          <KeyRound aria-hidden />
          Create password reset link
        </Button>
        <Button look="danger" busy={end.isPending} onClick={() => end.mutate()}>
          <LogOut aria-hidden />
          End all sessions
        </Button>
      </div>
      {link.data !== undefined && (
        <div className="grid gap-1">
          <p className="text-xs text-muted">This link is shown only once. It works once, and expires in 24 hours.</p>
          <Command text={link.data.url} label="Copy the link" />
        </div>
      )}
    </section>
  );
}
