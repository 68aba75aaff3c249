/** What an integration is: its description, the values that it needs, its authorization server. */
import { useState } from 'react';
import { api, call } from '@/api/client';
import type { Integration } from '@/api/types';
import { useSave } from '@/lib/change';
import { problemAt } from '@/lib/forms';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Field, Input } from '@/ui/field';
import { Fact, Facts } from '@/ui/page';
import { FormError } from '@/ui/states';
import { OAuthForm } from './oauth-form';
import { SchemaForm } from './schema-form';
import { TYPE_NAMES } from '@/lib/values';

export function DefinitionPanel({ integration }: { integration: Integration }) {
  if (integration.kept == null) return <ReadOnly integration={integration} />;
  return (
    <div className="grid gap-5">
      <SchemaForm integration={integration} />
      <OAuthForm integration={integration} kept={integration.kept} />
      <Description integration={integration} />
    </div>
  );
}

function Description({ integration }: { integration: Integration }) {
  const { name } = integration;
  const [description, setDescription] = useState(integration.description);
  const save = useSave(() => call(api.PATCH('/api/integrations/{name}', { params: { path: { name } }, body: { description } })), {
    says: () => 'The description is saved',
    again: ['integrations'],
  });
  return (
    <Card title="Description">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <FormError error={save.error} />
        <Field label="Description" error={problemAt(save.error, 'description')}>
          {(tied) => <Input {...tied} value={description} onChange={(event) => setDescription(event.target.value)} />}
        </Field>
        <div className="flex justify-end">
          <Button type="submit" look="primary" busy={save.isPending}>
            Save description
          </Button>
        </div>
      </form>
    </Card>
  );
}

/** For whom it is the provider's. */
function ReadOnly({ integration }: { integration: Integration }) {
  const { config_schema: schema, oauth } = integration;
  return (
    <div className="grid gap-5 lg:grid-cols-2">
      <Card title="Values">
        {schema.length === 0 ? (
          <p className="text-ui text-muted">No values are needed.</p>
        ) : (
          <ul className="grid gap-2 text-ui">
            {schema.map(({ key, type, required, description }) => (
              <li key={key} className="flex flex-wrap items-center gap-2">
                <code className="font-mono text-xs">{key}</code>
                <Badge>{TYPE_NAMES[type]}</Badge>
                {required === true && <Badge tone="info">Required</Badge>}
                <span className="text-muted">{description}</span>
              </li>
            ))}
          </ul>
        )}
      </Card>
      <Card title="Authorization server">
        {oauth == null ? (
          <p className="text-ui text-muted">None.</p>
        ) : (
          <Facts>
            <Fact name="Client">{oauth.client_id}</Fact>
            <Fact name="Tokens from">
              <span className="break-all">{oauth.token_url}</span>
            </Fact>
            <Fact name="Scopes">{(oauth.scopes ?? []).join(' ') || '–'}</Fact>
          </Facts>
        )}
      </Card>
    </div>
  );
}
