/** Creates a key; its text is shown once. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { usersQuery } from '@/api/queries';
import { useMe, useOrganization } from '@/api/session';
import type { Permission, Role } from '@/api/types';
import { Button } from '@/ui/button';
import { Combobox } from '@/ui/combobox';
import { Command } from '@/ui/copy';
import { Dialog, DialogActions } from '@/ui/dialog';
import { CheckField, Field, Input, Select } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { ROLE_NAMES, ROLES } from '@/screens/people/role-names';
import { PermissionChoice } from '@/screens/roles/permission-choice';

const DAY = 86_400_000;

/** Days that a key is good; none for as long as it is not revoked. */
const LIFETIMES = [30, 90, 365] as const;

export function KeyDialog({ onClose }: { onClose: () => void }) {
  const me = useMe();
  const client = useQueryClient();
  const organization = useOrganization();
  const { data: users = [] } = useQuery(usersQuery(organization));
  const [name, setName] = useState('');
  const [email, setEmail] = useState(organization === undefined ? me.email : '');
  const [role, setRole] = useState<Role>('org_user');
  const [days, setDays] = useState('90');
  const [only, setOnly] = useState<Permission[]>();
  const make = useMutation({
    mutationFn: () =>
      call(
        api.POST('/api/keys', {
          body: {
            name,
            email,
            role,
            ...(only === undefined ? {} : { permissions: only }),
            ...(days === '' ? {} : { expires_at: new Date(Date.now() + Number(days) * DAY).toISOString() }),
          },
        }),
      ),
    onSuccess: () => client.invalidateQueries({ queryKey: ['keys'] }),
  });
  if (make.data !== undefined) {
    return (
      <Dialog open onClose={onClose} title={`“${make.data.name}” was created`} description="The key is shown only once. Save it where your program can read it.">
        <Command text={make.data.key} label="Copy the key" />
        <DialogActions>
          <Button look="primary" onClick={onClose}>
            I have saved it
          </Button>
        </DialogActions>
      </Dialog>
    );
  }
  return (
    <FormDialog
      title="New key"
      side
      onClose={onClose}
      onSubmit={() => make.mutate()}
      error={make.error}
      busy={make.isPending}
      disabled={email === ''}
      action="Create key"
    >
      <Field label="Name" help="What the key is for, such as “Deploys from GitHub”.">
        {(tied) => <Input {...tied} value={name} required autoFocus onChange={(event) => setName(event.target.value)} />}
      </Field>
      <Field label="Holder" help="The account that the key acts as. Choose a service account rather than a person if you can.">
        {(tied) => (
          <Combobox
            {...tied}
            label="Holder"
            value={email}
            onChange={setEmail}
            options={users.map((user) => ({ value: user.email, label: user.name || user.email, hint: user.email }))}
            className="w-full"
          />
        )}
      </Field>
      <Field label="Role" help="The most that the key allows. It never allows more than its holder may do.">
        {(tied) => (
          <Select {...tied} value={role} onChange={(event) => setRole(event.target.value as Role)}>
            {ROLES.filter((one) => one !== 'platform_admin' || me.role === 'platform_admin').map((one) => (
              <option key={one} value={one}>
                {ROLE_NAMES[one]}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <Field label="Valid for">
        {(tied) => (
          <Select {...tied} value={days} onChange={(event) => setDays(event.target.value)}>
            {LIFETIMES.map((one) => (
              <option key={one} value={one}>
                {one} days
              </option>
            ))}
            <option value="">Until it is revoked</option>
          </Select>
        )}
      </Field>
      <CheckField
        label="Only some permissions"
        help="The key then allows only what you tick, even where its role allows more."
        checked={only !== undefined}
        onChange={(event) => setOnly(event.target.checked ? [] : undefined)}
      />
      {only !== undefined && (
        <div className="pl-6">
          <PermissionChoice permissions={me.permissions} chosen={only} onChange={setOnly} />
        </div>
      )}
    </FormDialog>
  );
}
