/** Says what an organization is in an integration. */
import { useState } from 'react';
import { api, call } from '@/api/client';
import type { Integration, Mapping } from '@/api/types';
import { useSave } from '@/lib/change';
import { problemAt } from '@/lib/forms';
import { defaultsOf, type Values } from '@/lib/values';
import { DeleteButton } from '@/ui/delete-button';
import { Field, Input } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { useValuesForm, ValueFields } from '@/ui/value-fields';

interface Props {
  integration: Integration;
  organization: { id: string; name: string };
  mapping: Mapping | undefined;
  onClose: () => void;
}

export function MappingDialog({ integration, organization, mapping, onClose }: Props) {
  const [id, setId] = useState(mapping?.entity_id ?? '');
  const [name, setName] = useState(mapping?.entity_name ?? '');
  const form = useValuesForm(integration.config_schema, mapping?.config ?? {});
  const params = { path: { name: integration.name, organization: organization.id } };
  // An empty name takes away the one that is there.
  const named = name === '' && mapping?.entity_name == null ? {} : { entity_name: name };
  const save = useSave(
    (config: Values) =>
      call(api.PUT('/api/integrations/{name}/mappings/{organization}', { params, body: { entity_id: id, ...named, config } })),
    { says: () => `${organization.name} is mapped`, again: ['mappings', 'connections'], then: onClose },
  );
  const remove = useSave(() => call(api.DELETE('/api/integrations/{name}/mappings/{organization}', { params })), {
    says: () => `${organization.name} is taken out`,
    again: ['mappings'],
    then: onClose,
  });
  const submit = () => {
    const config = form.read();
    if (config !== undefined) save.mutate(config);
  };
  const inherited = { ...defaultsOf(integration.config_schema), ...integration.config };
  return (
    <FormDialog
      title={`${organization.name} in ${integration.name}`}
      side
      onClose={onClose}
      onSubmit={submit}
      error={save.error}
      busy={save.isPending}
      beside={
        mapping !== undefined && (
          <DeleteButton name={organization.name} action="Take out" onDelete={() => remove.mutateAsync()}>
            Its id there and its own values go, for good. Workflows of this organization no longer know who it is in {integration.name}. Its
            connection stays.
          </DeleteButton>
        )
      }
    >
      <Field label="Its id there" help="What the other system calls it, such as a tenant’s or customer’s id." error={problemAt(save.error, 'entity_id')}>
        {(tied) => <Input {...tied} value={id} required autoFocus spellCheck={false} className="font-mono" onChange={(event) => setId(event.target.value)} />}
      </Field>
      <Field label="Its name there" optional help={mapping?.entity_name == null ? 'For people.' : 'For people. Left empty, it is taken away.'} error={problemAt(save.error, 'entity_name')}>
        {(tied) => <Input {...tied} value={name} onChange={(event) => setName(event.target.value)} />}
      </Field>
      {integration.config_schema.length > 0 && (
        <fieldset className="grid gap-4 border-t pt-4">
          <legend className="sr-only">What is different for it</legend>
          <p className="text-ui text-muted">What is different for it. Empty fields are as for everybody.</p>
          <ValueFields
            schema={integration.config_schema.map((field) => ({ ...field, required: false }))}
            form={form}
            inherited={inherited}
            secret={() => (mapping === undefined ? 'unset' : 'unknown')}
            problem={(key) => problemAt(save.error, `config.${key}`)}
          />
        </fieldset>
      )}
    </FormDialog>
  );
}
