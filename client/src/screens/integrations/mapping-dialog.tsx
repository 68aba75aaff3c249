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
    says: () => `${organization.name} is removed`,
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
          <DeleteButton name={organization.name} action="Remove" onDelete={() => remove.mutateAsync()}>
            Its ID and its own values are deleted for good. Workflows in this organization no longer know who it is in {integration.name}. Its
            connection stays.
          </DeleteButton>
        )
      }
    >
      <Field label={`ID in ${integration.name}`} help="What the other system calls it, such as a tenant or customer ID." error={problemAt(save.error, 'entity_id')}>
        {(tied) => <Input {...tied} value={id} required autoFocus spellCheck={false} className="font-mono" onChange={(event) => setId(event.target.value)} />}
      </Field>
      <Field label={`Name in ${integration.name}`} optional help={mapping?.entity_name == null ? 'Shown to people, such as Contoso Ltd.' : 'Shown to people. Leave it empty to remove it.'} error={problemAt(save.error, 'entity_name')}>
        {(tied) => <Input {...tied} value={name} onChange={(event) => setName(event.target.value)} />}
      </Field>
      {integration.config_schema.length > 0 && (
        <fieldset className="grid gap-4 border-t pt-4">
          <legend className="sr-only">Values for this organization</legend>
          <p className="text-ui text-muted">Values for this organization. Empty fields use the values for all organizations.</p>
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
