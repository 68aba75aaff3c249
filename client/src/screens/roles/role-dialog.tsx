/** Creates, changes or deletes a role of the organization. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { useMay } from '@/api/session';
import type { components } from '@/api/schema';
import type { Permission, RoleView } from '@/api/types';
import { plural } from '@/lib/format';
import { DeleteButton } from '@/ui/delete-button';
import { Field, Input } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { done } from '@/ui/toast';
import { PermissionChoice } from './permission-choice';

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
      done(`“${name}” is saved`, 'It applies from the next request on.');
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
    <FormDialog
      title={role?.name ?? 'New role'}
      side
      onClose={onClose}
      onSubmit={() => save.mutate()}
      error={save.error}
      busy={save.isPending}
      readOnly={readOnly}
      beside={
        role !== undefined &&
        !readOnly && (
          <DeleteButton name={role.name} onDelete={remove}>
            {plural(role.users, 'person loses', 'people lose')} what it allows.
          </DeleteButton>
        )
      }
    >
      <Field label="Name">
        {(tied) => <Input {...tied} value={name} required onChange={(event) => setName(event.target.value)} />}
      </Field>
      <Field label="Description" optional>
        {(tied) => <Input {...tied} value={description} onChange={(event) => setDescription(event.target.value)} />}
      </Field>
      <PermissionChoice
        permissions={permissions.filter((permission) => !permission.is_of_platform).map(({ name: one }) => one)}
        chosen={chosen}
        onChange={setChosen}
        help={(one) => permissions.find((permission) => permission.name === one)?.description}
        disabled={(one) => !may(one)}
      />
    </FormDialog>
  );
}
