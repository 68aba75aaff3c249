/** The settings of a webhook's adapter, by the adapter's schema. */
import { useQuery } from '@tanstack/react-query';
import { api, call } from '@/api/client';
import { useOrganization } from '@/api/session';
import type { AdapterChoice, IntegrationField } from '@/api/types';
import { useSave } from '@/lib/change';
import { exceptAt, problemAt } from '@/lib/forms';
import { defaultsOf, type Values } from '@/lib/values';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { FormError, Show, Skeleton } from '@/ui/states';
import { useValuesForm, ValueFields } from '@/ui/value-fields';
import { clearing } from './adapter-fields';
import { adaptersQuery } from './queries';

interface Props {
  /** Of the webhook. */
  id: string;
  adapter: AdapterChoice;
}

export function AdapterConfig({ id, adapter }: Props) {
  const adapters = useQuery(adaptersQuery(useOrganization()));
  return (
    <Card title={`Settings of “${adapter.name}”`}>
      <Show query={adapters} skeleton={<Skeleton className="h-32" />}>
        {(all) => {
          const schema = all.find((one) => one.id === adapter.id)?.config_schema;
          if (schema === undefined) return <p className="text-ui text-muted">The active version no longer has this adapter.</p>;
          if (schema.length === 0) return <p className="text-ui text-muted">It needs no settings.</p>;
          return <ConfigForm id={id} adapter={adapter} schema={schema} />;
        }}
      </Show>
    </Card>
  );
}

function ConfigForm({ id, adapter, schema }: Props & { schema: readonly IntegrationField[] }) {
  const form = useValuesForm(schema, adapter.config);
  const save = useSave((config: Values) => call(api.PATCH('/api/webhooks/{id}', { params: { path: { id } }, body: { config } })), {
    says: () => 'The values are saved',
    again: ['webhooks'],
  });
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        const changes = form.read();
        if (changes !== undefined) save.mutate(changes);
      }}
    >
      <FormError error={exceptAt(save.error, ...schema.map(({ key }) => `config.${key}`))} />
      <ValueFields
        schema={schema}
        form={clearing(form, () => save.isError && save.reset())}
        inherited={defaultsOf(schema)}
        secret={(key) => (adapter.secret_keys.includes(key) ? 'set' : 'unset')}
        problem={(key) => problemAt(save.error, `config.${key}`)}
      />
      <div className="flex items-center justify-end gap-3">
        {adapter.subscribes && <p className="text-xs text-muted">Changes renew its subscription.</p>}
        <Button type="submit" look="primary" busy={save.isPending}>
          Save values
        </Button>
      </div>
    </form>
  );
}
