/** Creates an integration; the rest of it is entered on its own page. */
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { useOrganization } from '@/api/session';
import type { IntegrationField } from '@/api/types';
import { useSave } from '@/lib/change';
import { problemAt } from '@/lib/forms';
import { Field, Input, Select } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';

const BASE_URL: IntegrationField = { key: 'base_url', type: 'string', required: true, description: 'The address of its API.' };

/** What most systems begin with. */
const BEGINNINGS: Record<string, { label: string; schema: IntegrationField[] }> = {
  key: {
    label: 'An address and an API key',
    schema: [BASE_URL, { key: 'api_key', type: 'secret', required: true }],
  },
  oauth: { label: 'An address and sign-in with OAuth', schema: [BASE_URL] },
  nothing: { label: 'Nothing', schema: [] },
};

export function NewDialog({ onClose }: { onClose: () => void }) {
  const navigate = useNavigate();
  const organization = useOrganization();
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [begin, setBegin] = useState('key');
  const make = useSave(
    () => call(api.POST('/api/integrations', { body: { name, description, config_schema: BEGINNINGS[begin]?.schema ?? [] } })),
    {
      says: (made) => `“${made.name}” is created`,
      again: ['integrations'],
      then: (made) =>
        void navigate({
          to: '/integrations/$name',
          params: { name: made.name },
          search: { tab: begin === 'key' ? 'values' : 'definition' },
        }),
    },
  );
  return (
    <FormDialog
      title="New integration"
      description={
        organization === undefined ? undefined : 'It belongs to this organization, and hides the provider’s integration of the same name.'
      }
      onClose={onClose}
      onSubmit={() => make.mutate()}
      error={make.error}
      busy={make.isPending}
      action="Create"
    >
      <Field label="Name" help="The name that code uses, such as CRM." error={problemAt(make.error, 'name')}>
        {(tied) => <Input {...tied} value={name} required autoFocus onChange={(event) => setName(event.target.value)} />}
      </Field>
      <Field label="Description" optional error={problemAt(make.error, 'description')}>
        {(tied) => <Input {...tied} value={description} onChange={(event) => setDescription(event.target.value)} />}
      </Field>
      <Field label="Start with" help="A starting point. You can change everything later.">
        {(tied) => (
          <Select {...tied} value={begin} onChange={(event) => setBegin(event.target.value)}>
            {Object.entries(BEGINNINGS).map(([id, { label }]) => (
              <option key={id} value={id}>
                {label}
              </option>
            ))}
          </Select>
        )}
      </Field>
    </FormDialog>
  );
}
