/** Invites somebody; the link is shown once. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, call } from '@/api/client';
import type { Role } from '@/api/types';
import { Button } from '@/ui/button';
import { Command } from '@/ui/copy';
import { Dialog, DialogActions } from '@/ui/dialog';
import { Field, Input } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { Notice } from '@/ui/notice';
import { RoleFields } from './role-fields';

export function InviteDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [email, setEmail] = useState('');
  const [name, setName] = useState('');
  const [role, setRole] = useState<Role>('org_user');
  const [roles, setRoles] = useState<string[]>([]);
  const invite = useMutation({
    mutationFn: () => call(api.POST('/api/invitations', { body: { email, name, role, roles } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['invitations'] }),
  });
  if (invite.data !== undefined) {
    const { email: to, token, mailed, mail_error } = invite.data;
    return (
      <Dialog open onClose={onClose} title={`${to} is invited`} description={`${mailed ? 'The link was also sent by e-mail' : 'Send them this link'}. It is shown only once, and expires in seven days.`}>
        {mail_error != null && (
          <Notice tone="warn" role="alert">
            <p>The link could not be sent by e-mail: {mail_error}</p>
            <p>The invitation is valid all the same. Send the link yourself.</p>
          </Notice>
        )}
        <Command text={`${location.origin}/sign-in#invitation=${token}`} label="Copy the link" />
        <DialogActions>
          <Button look="primary" onClick={onClose}>
            Done
          </Button>
        </DialogActions>
      </Dialog>
    );
  }
  return (
    <FormDialog
      title="Invite somebody"
      onClose={onClose}
      onSubmit={() => invite.mutate()}
      error={invite.error}
      busy={invite.isPending}
      action="Create link"
    >
      <Field label="E-mail">
        {(tied) => <Input {...tied} type="email" value={email} required autoFocus autoComplete="off" onChange={(event) => setEmail(event.target.value)} />}
      </Field>
      <Field label="Name" optional>
        {(tied) => <Input {...tied} value={name} autoComplete="off" onChange={(event) => setName(event.target.value)} />}
      </Field>
      <RoleFields role={role} roles={roles} onRole={setRole} onRoles={setRoles} />
    </FormDialog>
  );
}
