/** Makes, changes or deletes a role of the organization. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { useMay } from '@/api/session';
import type { components } from '@/api/schema';
import type { Permission, RoleView } from '@/api/types';
import { plural } from '@/lib/format';
import { Button } from '@/ui/button';
import { Confirm } from '@/ui/confirm';
import { Dialog, DialogActions } from '@/ui/dialog';
import { CheckField, Field, Input } from '@/ui/field';
import { FormError } from '@/ui/states';
import { done } from '@/ui/toast';

interface Props {
  role: RoleView | undefined;
  permissions: components['schemas']['PermissionView'][];
  onClose: () => void;
}

export function RoleDialog({ role, permissions, onClose }: Props) {
  const client = useQueryClient();
  const may = useMay();
  const [name, setName] = useState(role?.name ?? '');
  const [description, setDescription] = useState(role?.description ?? '');
  const [chosen, setChosen] = useState<Permission[]>(role?.permissions ?? []);
  const [deleting, setDeleting] = useState(false);
  const refresh = async () => {
    onClose();
    await client.invalidateQueries({ queryKey: ['roles'] });
    await client.invalidateQueries({ queryKey: ['users'] });
  };
  const save = useMutation({
    mutationFn: () => {
      const body = { name, description, permissions: chosen };
      return role === undefined
        ? call(api.POST('/api/roles', { body }))
        : call(api.PATCH('/api/roles/{id}', { params: { path: { id: role.id } }, body }));
    },
    onSuccess: async () => {
      done(`“${name}” is saved`, 'It counts from the next request on.');
      await refresh();
    },
  });
  const remove = async () => {
    if (role === undefined) return;
    await call(api.DELETE('/api/roles/{id}', { params: { path: { id: role.id } } }));
    done(`“${role.name}” is deleted`);
    await refresh();
  };
  const readOnly = !may('roles.manage');
  return (
    <Dialog open side onClose={onClose} title={role?.name ?? 'New role'}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <FormError error={save.error} />
        <fieldset disabled={readOnly} className="grid gap-4">
          <Field label="Name">
            {(tied) => <Input {...tied} value={name} required onChange={(event) => setName(event.target.value)} />}
          </Field>
          <Field label="Description" optional>
            {(tied) => <Input {...tied} value={description} onChange={(event) => setDescription(event.target.value)} />}
          </Field>
          <fieldset className="grid gap-2.5">
            <legend className="mb-2 text-ui font-medium">Permissions</legend>
            {permissions
              .filter((permission) => !permission.is_of_platform)
              .map((permission) => (
                <CheckField
                  key={permission.name}
                  label={permission.name}
                  help={permission.description}
                  checked={chosen.includes(permission.name)}
                  disabled={!may(permission.name)}
                  onChange={(event) =>
                    setChosen(event.target.checked ? [...chosen, permission.name] : chosen.filter((one) => one !== permission.name))
                  }
                />
              ))}
          </fieldset>
        </fieldset>
        {!readOnly && (
          <DialogActions>
            {role !== undefined && (
              <Button look="danger" className="mr-auto" onClick={() => setDeleting(true)}>
                <Trash2 aria-hidden />
                Delete
              </Button>
            )}
            <Button onClick={onClose}>Discard</Button>
            <Button type="submit" look="primary" busy={save.isPending}>
              Save
            </Button>
          </DialogActions>
        )}
      </form>
      <Confirm open={deleting} onClose={() => setDeleting(false)} title={`Delete “${role?.name ?? ''}”?`} action="Delete" onConfirm={remove}>
        {plural(role?.users ?? 0, 'person loses', 'people lose')} what it allows.
      </Confirm>
    </Dialog>
  );
}
