/** The values of an integration for all organizations. */
import { Link } from '@tanstack/react-router';
import { SlidersHorizontal } from 'lucide-react';
import { api, call } from '@/api/client';
import type { Integration } from '@/api/types';
import { useSave } from '@/lib/change';
import { problemAt } from '@/lib/forms';
import { defaultsOf, type Values } from '@/lib/values';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Command } from '@/ui/copy';
import { Notice } from '@/ui/notice';
import { Empty, FormError } from '@/ui/states';
import { useValuesForm, ValueFields } from '@/ui/value-fields';

export function ValuesPanel({ integration }: { integration: Integration }) {
  const { name, config_schema: schema, config, kept } = integration;
  const form = useValuesForm(schema, config);
  const save = useSave((changes: Values) => call(api.PATCH('/api/integrations/{name}', { params: { path: { name } }, body: { config: changes } })), {
    says: () => 'The values are saved',
    again: ['integrations', 'mappings'],
  });
  if (schema.length === 0) {
    return (
      <Card>
        <Empty
          icon={SlidersHorizontal}
          title="No values yet"
          action={
            kept != null && (
              <Link from="/integrations/$name" to="." search={{ tab: 'definition' }} className="text-ui text-accent-text hover:underline">
                Add values to its definition
              </Link>
            )
          }
        >
          A definition names the values that workflows need, such as an address and a key.
        </Empty>
      </Card>
    );
  }
  const first = schema.find(({ type }) => type !== 'secret') ?? schema[0];
  const submit = () => {
    const changes = form.read();
    if (changes !== undefined) save.mutate(changes);
  };
  const missing = schema.filter(
    ({ key, type, required }) =>
      required === true && !(key in { ...defaultsOf(schema), ...config }) && !(type === 'secret' && kept?.secret_keys.includes(key) !== false),
  );
  return (
    <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <Card title={integration.organization_id == null ? 'Values for all organizations' : 'Values'}>
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          {kept == null && <Notice>The provider sets these. This organization’s own values are under Organization.</Notice>}
          <FormError error={save.error} />
          <fieldset disabled={kept == null} className="grid min-w-0 gap-4">
            <ValueFields
              schema={schema}
              form={form}
              inherited={defaultsOf(schema)}
              secret={(key) => (kept == null ? 'unknown' : kept.secret_keys.includes(key) ? 'set' : 'unset')}
              problem={(key) => problemAt(save.error, `config.${key}`)}
            />
          </fieldset>
          {kept != null && (
            <div className="flex justify-end">
              <Button type="submit" look="primary" busy={save.isPending}>
                Save values
              </Button>
            </div>
          )}
        </form>
      </Card>
      <div className="grid gap-5">
        {missing.length > 0 && kept != null && (
          <Card title="Still missing">
            <ul className="flex flex-wrap gap-1.5">
              {missing.map(({ key }) => (
                <li key={key}>
                  <Badge tone="warn">{key}</Badge>
                </li>
              ))}
            </ul>
            <p className="pt-2 text-xs text-muted">These are required, but have no value and no default. Each organization can also set its own.</p>
          </Card>
        )}
        {first !== undefined && (
          <Card title="In code">
            <Command
              label="Copy the code"
              text={`${variable(name)} = await integrations.get(${JSON.stringify(name)})\n${variable(name)}.config[${JSON.stringify(first.key)}]`}
            />
            <p className="pt-2 text-xs text-muted">
              A run sees its organization’s own values first, then these, then the defaults in the definition.
            </p>
          </Card>
        )}
      </div>
    </div>
  );
}

/** A Python name for an integration. */
export function variable(name: string): string {
  const text = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  return /^[a-z]/.test(text) ? text : 'system';
}
