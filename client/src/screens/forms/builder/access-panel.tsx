/** Who may use the form. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Users, X } from 'lucide-react';
import { useId, useState } from 'react';
import { api, call } from '@/api/client';
import { grantForm, type Access } from '@/api/forms';
import { rolesQuery, usersQuery } from '@/api/queries';
import { useMay, useOrganization } from '@/api/session';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Combobox } from '@/ui/combobox';
import { FieldGroup } from '@/ui/field-group';
import { Empty, FormError, Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { done, failed } from '@/ui/toast';
import { useBuilder } from './builder-context';

const CHOICES: { access: Access; label: string; help: string }[] = [
  { access: 'authenticated', label: 'Everybody in the organization', help: 'Everyone who is signed in, including guests.' },
  { access: 'granted', label: 'Only selected people', help: 'The people and roles below, and everyone who may change forms.' },
];

export function AccessPanel({ id }: { id: string | undefined }) {
  const { draft } = useBuilder();
  const name = useId();
  const mayGrant = useMay()('roles.manage');
  return (
    <div className="grid gap-5">
      <Card title="Who may use it">
        <FieldGroup label={<span className="sr-only">Who may use it</span>}>
          <div className="grid gap-2.5">
            {CHOICES.map(({ access, label, help }) => (
              <div key={access} className="flex items-start gap-2.5">
                <input
                  type="radio"
                  id={`${name}-${access}`}
                  name={name}
                  className="mt-0.5 size-4 shrink-0"
                  checked={draft.form.access === access}
                  aria-describedby={`${name}-${access}-help`}
                  onChange={() => draft.change((form) => ({ ...form, access }))}
                />
                <div className="grid gap-0.5">
                  <label htmlFor={`${name}-${access}`} className="text-ui font-medium">
                    {label}
                  </label>
                  <p id={`${name}-${access}-help`} className="text-xs text-muted">
                    {help}
                  </p>
                </div>
              </div>
            ))}
          </div>
        </FieldGroup>
        <p className="mt-4 text-ui text-muted">
          Whoever may use the form may start its workflow with it, and needs no permission to run the workflow itself.
        </p>
      </Card>
      {draft.form.access === 'granted' && (
        <Card title="Granted to" padded={false}>
          {id === undefined ? (
            <Empty icon={Users} title="Save the form first">
              Then it can be granted to people and roles.
            </Empty>
          ) : (
            <Grants id={id} mayGrant={mayGrant} />
          )}
        </Card>
      )}
    </div>
  );
}

function Grants({ id, mayGrant }: { id: string; mayGrant: boolean }) {
  const client = useQueryClient();
  const organization = useOrganization();
  const grants = useQuery({
    queryKey: ['grants', organization],
    queryFn: ({ signal }) => call(api.GET('/api/grants', { signal })),
  });
  const { data: users = [] } = useQuery({ ...usersQuery(organization, true), enabled: mayGrant });
  const { data: roles } = useQuery({ ...rolesQuery(organization), enabled: mayGrant });
  const [whom, setWhom] = useState('');
  const refresh = () => client.invalidateQueries({ queryKey: ['grants'] });
  const grant = useMutation({
    mutationFn: () => {
      const [kind, to = ''] = whom.split(':');
      return grantForm(id, kind === 'role' ? { role_id: to } : { user_id: to });
    },
    onSuccess: async () => {
      done('Granted');
      setWhom('');
      await refresh();
    },
  });
  const remove = useMutation({
    mutationFn: (grant: string) => call(api.DELETE('/api/grants/{id}', { params: { path: { id: grant } } })),
    onSuccess: async () => {
      done('Revoked');
      await refresh();
    },
    onError: failed,
  });
  const nameOf = (user: string | null | undefined, role: string | null | undefined) => {
    if (user == null) return `Role ${roles?.roles.find((one) => one.id === role)?.name ?? ''}`;
    const found = users.find((one) => one.id === user);
    return found === undefined ? user.slice(0, 8) : found.name || found.email;
  };
  return (
    <Show query={grants}>
      {({ grants: all }) => {
        const mine = all.filter((one) => one.kind === 'form' && one.target_id === id);
        const taken = new Set(mine.map((one) => (one.user_id == null ? `role:${one.role_id}` : `user:${one.user_id}`)));
        const options = [
          ...(roles?.roles ?? []).map((role) => ({ value: `role:${role.id}`, label: role.name, hint: 'role' })),
          ...users.filter((user) => user.is_active).map((user) => ({ value: `user:${user.id}`, label: user.name || user.email, hint: user.email })),
        ].filter(({ value }) => !taken.has(value));
        return (
          <>
            {mine.length === 0 && <p className="px-4 py-5 text-ui text-muted">Nobody yet: only who may change forms can use it.</p>}
            <ul className="divide-y">
              {mine.map((one) => (
                <li key={one.id} className="flex min-h-11 items-center gap-3 px-4 py-1.5 text-ui">
                  <span className="min-w-0 flex-1 truncate font-medium">{nameOf(one.user_id, one.role_id)}</span>
                  <Ago at={one.created_at} className="text-muted" />
                  {mayGrant && (
                    <Button
                      look="quiet"
                      size="small"
                      aria-label={`Revoke from ${nameOf(one.user_id, one.role_id)}`}
                      onClick={() => remove.mutate(one.id)}
                    >
                      <X aria-hidden />
                    </Button>
                  )}
                </li>
              ))}
            </ul>
            {mayGrant ? (
              <div className="grid gap-3 border-t p-4">
                <FormError error={grant.error} />
                <div className="flex flex-wrap items-center gap-2">
                  <Combobox label="Person or role" placeholder="A person or a role…" value={whom} options={options} onChange={setWhom} className="min-w-0 flex-1 basis-56" />
                  <Button disabled={whom === ''} busy={grant.isPending} onClick={() => grant.mutate()}>
                    Grant it
                  </Button>
                </div>
              </div>
            ) : (
              <p className="border-t p-4 text-ui text-muted">Granting needs the permission roles.manage.</p>
            )}
          </>
        );
      }}
    </Show>
  );
}
