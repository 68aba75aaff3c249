/** Grants a workflow to a person or to everybody with a role. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { rolesQuery, usersQuery, workflowsQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import { Combobox } from '@/ui/combobox';
import { Field } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { done } from '@/ui/toast';

export function GrantDialog({ onClose }: { onClose: () => void }) {
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
      done('Access granted');
      onClose();
      await client.invalidateQueries({ queryKey: ['grants'] });
    },
  });
  const people = users.map(({ id, name, email }) => ({ value: `user:${id}`, label: name || email, hint: email }));
  const groups = (roles?.roles ?? []).map(({ id, name }) => ({ value: `role:${id}`, label: name, hint: 'role' }));
  return (
    <FormDialog
      title="Grant a workflow"
      onClose={onClose}
      onSubmit={() => grant.mutate()}
      error={grant.error}
      busy={grant.isPending}
      disabled={workflow === '' || whom === ''}
      action="Grant"
    >
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
      <Field label="Grant to">
        {(tied) => (
          <Combobox
            {...tied}
            label="Grant to"
            value={whom}
            onChange={setWhom}
            placeholder="A person or a role…"
            options={[...groups, ...people]}
            className="w-full"
          />
        )}
      </Field>
    </FormDialog>
  );
}
