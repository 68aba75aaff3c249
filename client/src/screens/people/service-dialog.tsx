/** Creates a service account: a program that acts with keys. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, call } from '@/api/client';
import type { Role } from '@/api/types';
import { Field, Input } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { done } from '@/ui/toast';
import { RoleFields } from './role-fields';

export function ServiceDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [email, setEmail] = useState('');
  const [role, setRole] = useState<Role>('org_user');
  const [roles, setRoles] = useState<string[]>([]);
  const make = useMutation({
    mutationFn: () => call(api.POST('/api/users', { body: { email, kind: 'service', role, roles } })),
    onSuccess: async () => {
      done(`“${email}” was created`, 'Create a key for it under API keys.');
      onClose();
      await client.invalidateQueries({ queryKey: ['users'] });
    },
  });
  return (
    <FormDialog
      title="New service account"
      onClose={onClose}
      onSubmit={() => make.mutate()}
      error={make.error}
      busy={make.isPending}
      action="Create"
    >
      <Field label="Name" help="A name without “@”, such as deploy-bot.">
        {(tied) => <Input {...tied} value={email} required autoFocus autoComplete="off" spellCheck={false} onChange={(event) => setEmail(event.target.value)} />}
      </Field>
      <RoleFields role={role} roles={roles} onRole={setRole} onRoles={setRoles} />
    </FormDialog>
  );
}
