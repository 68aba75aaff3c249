/** Single workflows and forms for single people or roles. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { KeySquare, Plus, X } from 'lucide-react';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { formsQuery } from '@/api/forms';
import { rolesQuery, usersQuery, workflowsQuery } from '@/api/queries';
import type { components } from '@/api/schema';
import { useMay, useOrganization } from '@/api/session';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Combobox } from '@/ui/combobox';
import { Dialog, DialogActions } from '@/ui/dialog';
import { Field } from '@/ui/field';
import { Empty, FormError, Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { done, failed } from '@/ui/toast';

type Grant = components['schemas']['GrantView'];

const KEY = 'grants';

export function Grants() {
  const client = useQueryClient();
  const organization = useOrganization();
  const manages = useMay()('roles.manage');
  const [adding, setAdding] = useState(false);
  const grants = useQuery({
    queryKey: [KEY, organization],
    queryFn: ({ signal }) => call(api.GET('/api/grants', { signal })),
  });
  const { data: workflows = [] } = useQuery(workflowsQuery(organization));
  const { data: forms = [] } = useQuery(formsQuery(organization));
  const { data: users = [] } = useQuery(usersQuery(organization, true));
  const { data: roles } = useQuery(rolesQuery(organization));
  const remove = useMutation({
    mutationFn: (id: string) => call(api.DELETE('/api/grants/{id}', { params: { path: { id } } })),
    onSuccess: async () => {
      done('Taken back');
      await client.invalidateQueries({ queryKey: [KEY] });
    },
    onError: failed,
  });
  const what = ({ kind, target_id }: Grant) =>
    kind === 'form'
      ? `Form ${forms.find(({ id }) => id === target_id)?.name ?? target_id.slice(0, 8)}`
      : (workflows.find(({ id }) => id === target_id)?.name ?? target_id.slice(0, 8));
  const whom = (user: string | null | undefined, role: string | null | undefined) =>
    user != null
      ? (users.find(({ id }) => id === user)?.email ?? user.slice(0, 8))
      : `role ${roles?.roles.find(({ id }) => id === role)?.name ?? ''}`;
  return (
    <Card
      padded={false}
      title="Granted workflows and forms"
      actions={
        manages && (
          <Button size="small" onClick={() => setAdding(true)}>
            <Plus aria-hidden />
            Grant
          </Button>
        )
      }
    >
      <Show query={grants}>
        {({ grants: all }) =>
          all.length === 0 ? (
            <Empty
              icon={KeySquare}
              title="Nothing is granted yet"
              command='bifrost roles grant "Open tickets" --user bob@example.com'
              action={
                manages && (
                  <Button look="primary" onClick={() => setAdding(true)}>
                    Choose a workflow and whom it is for
                  </Button>
                )
              }
            >
              Guests run only what was granted to them or to a role of theirs. Forms are granted where they are built.
            </Empty>
          ) : (
            <ul className="divide-y">
              {all.map((grant) => (
                <li key={grant.id} className="flex min-h-12 flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-ui">
                  <span className="min-w-0 flex-1">
                    <span className="font-medium">{what(grant)}</span>{' '}
                    <span className="text-muted">for {whom(grant.user_id, grant.role_id)}</span>
                  </span>
                  <Ago at={grant.created_at} className="text-muted" />
                  {manages && (
                    <Button look="quiet" size="small" aria-label={`Take back ${what(grant)}`} onClick={() => remove.mutate(grant.id)}>
                      <X aria-hidden />
                    </Button>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Show>
      {adding && <GrantDialog onClose={() => setAdding(false)} />}
    </Card>
  );
}

function GrantDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const organization = useOrganization();
  const [workflow, setWorkflow] = useState('');
  const [whom, setWhom] = useState('');
  const { data: workflows = [] } = useQuery(workflowsQuery(organization));
  const { data: users = [] } = useQuery(usersQuery(organization));
  const { data: roles } = useQuery(rolesQuery(organization));
  const grant = useMutation({
    mutationFn: () => {
      const [kind, id] = whom.split(':');
      const to = kind === 'role' ? { role_id: id ?? '' } : { user_id: id ?? '' };
      return call(api.POST('/api/grants', { body: { workflow_id: workflow, ...to } }));
    },
    onSuccess: async () => {
      done('Granted');
      onClose();
      await client.invalidateQueries({ queryKey: [KEY] });
    },
  });
  const people = users.map(({ id, name, email }) => ({ value: `user:${id}`, label: name || email, hint: email }));
  const groups = (roles?.roles ?? []).map(({ id, name }) => ({ value: `role:${id}`, label: name, hint: 'role' }));
  return (
    <Dialog open onClose={onClose} title="Grant a workflow">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          grant.mutate();
        }}
      >
        <FormError error={grant.error} />
        <Field label="Workflow">
          {(tied) => (
            <Combobox
              {...tied}
              label="Workflow"
              value={workflow}
              onChange={setWorkflow}
              options={workflows.map(({ id, name, category }) => ({ value: id, label: name, hint: category }))}
              className="w-full"
            />
          )}
        </Field>
        <Field label="For">
          {(tied) => (
            <Combobox {...tied} label="For" value={whom} onChange={setWhom} options={[...groups, ...people]} className="w-full" />
          )}
        </Field>
        <DialogActions>
          <Button onClick={onClose}>Discard</Button>
          <Button type="submit" look="primary" busy={grant.isPending} disabled={workflow === '' || whom === ''}>
            Grant
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
