/** Makes a service account: a program that acts with keys. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, call } from '@/api/client';
import type { Role } from '@/api/types';
import { Button } from '@/ui/button';
import { Dialog, DialogActions } from '@/ui/dialog';
import { Field, Input } from '@/ui/field';
import { FormError } from '@/ui/states';
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
      done(`“${email}” is made`, 'Make a key for it under API keys.');
      onClose();
      await client.invalidateQueries({ queryKey: ['users'] });
    },
  });
  return (
    <Dialog open onClose={onClose} title="New service account">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          make.mutate();
        }}
      >
        <FormError error={make.error} />
        <Field label="Name" help="Without @, for instance deploy-bot.">
          {(tied) => <Input {...tied} value={email} required autoFocus autoComplete="off" spellCheck={false} onChange={(event) => setEmail(event.target.value)} />}
        </Field>
        <RoleFields role={role} roles={roles} onRole={setRole} onRoles={setRoles} />
        <DialogActions>
          <Button onClick={onClose}>Discard</Button>
          <Button type="submit" look="primary" busy={make.isPending}>
            Make it
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
