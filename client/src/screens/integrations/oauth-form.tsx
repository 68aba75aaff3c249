/** The authorization server of an integration. */
import { useState } from 'react';
import { api, call } from '@/api/client';
import type { Integration, OAuthSettings } from '@/api/types';
import { useSave } from '@/lib/change';
import { linesOf, problemAt } from '@/lib/forms';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Command } from '@/ui/copy';
import { DeleteButton } from '@/ui/delete-button';
import { CheckField, Field, Input, Select, TextArea } from '@/ui/field';
import { FormError } from '@/ui/states';

type Kept = NonNullable<Integration['kept']>;
type Flow = OAuthSettings['flow'];

export const FLOWS: Record<Flow, string> = {
  authorization_code: 'Somebody signs in and grants access',
  client_credentials: 'The platform signs in as itself',
  refresh_token: 'An administrator enters a refresh token',
};

interface Form {
  flow: Flow;
  client_id: string;
  client_secret: string;
  authorization_url: string;
  token_url: string;
  scopes: string;
  parameters: string;
  client_authentication: 'basic' | 'body';
  lifetime: string;
}

const MICROSOFT: Partial<Form> = {
  flow: 'client_credentials',
  authorization_url: 'https://login.microsoftonline.com/{entity_id}/v2.0/adminconsent',
  token_url: 'https://login.microsoftonline.com/{entity_id}/oauth2/v2.0/token',
  scopes: 'https://graph.microsoft.com/.default',
};

const GOOGLE: Partial<Form> = {
  flow: 'authorization_code',
  authorization_url: 'https://accounts.google.com/o/oauth2/v2/auth',
  token_url: 'https://oauth2.googleapis.com/token',
  parameters: 'access_type=offline\nprompt=consent',
};

/** Servers whose addresses are known. */
const KNOWN: Record<string, Partial<Form>> = { 'Microsoft, multi-tenant': MICROSOFT, Google: GOOGLE };

const formOf = (settings: OAuthSettings | null | undefined): Form => ({
  flow: settings?.flow ?? 'authorization_code',
  client_id: settings?.client_id ?? '',
  client_secret: '',
  authorization_url: settings?.authorization_url ?? '',
  token_url: settings?.token_url ?? '',
  scopes: (settings?.scopes ?? []).join('\n'),
  parameters: Object.entries(settings?.parameters ?? {})
    .map(([name, value]) => `${name}=${value}`)
    .join('\n'),
  client_authentication: settings?.client_authentication ?? 'basic',
  lifetime: settings?.default_lifetime_seconds === undefined ? '' : String(settings.default_lifetime_seconds),
});

function settingsOf(form: Form): OAuthSettings {
  const pairs = form.parameters
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line): [string, string] => {
      const [name = '', ...rest] = line.split('=');
      return [name.trim(), rest.join('=').trim()];
    });
  return {
    flow: form.flow,
    client_id: form.client_id,
    token_url: form.token_url,
    scopes: form.scopes.split(/\s+/).filter((scope) => scope !== ''),
    parameters: Object.fromEntries(pairs),
    client_authentication: form.client_authentication,
    ...(form.authorization_url === '' ? {} : { authorization_url: form.authorization_url }),
    ...(form.lifetime === '' ? {} : { default_lifetime_seconds: Number(form.lifetime) }),
  };
}

export function OAuthForm({ integration, kept }: { integration: Integration; kept: Kept }) {
  const { name, oauth } = integration;
  const [form, setForm] = useState(() => formOf(oauth));
  const [wanted, setWanted] = useState(oauth != null);
  const [noSecret, setNoSecret] = useState(false);
  const save = useSave(
    () =>
      call(
        api.PATCH('/api/integrations/{name}', {
          params: { path: { name } },
          body: {
            oauth: settingsOf(form),
            ...(form.client_secret !== '' ? { client_secret: form.client_secret } : noSecret ? { client_secret: '' } : {}),
          },
        }),
      ),
    { says: () => 'The authorization server is saved', again: ['integrations', 'connections'] },
  );
  const remove = useSave(
    () => call(api.PATCH('/api/integrations/{name}', { params: { path: { name } }, body: { oauth: null } })),
    { says: () => 'The authorization server is removed', again: ['integrations', 'connections'] },
  );
  const set = (part: Partial<Form>) => setForm((old) => ({ ...old, ...part }));
  const problem = (field: string) => problemAt(save.error, `oauth.${field}`);
  if (!wanted) {
    return (
      <Card title="Authorization server">
        <div className="flex flex-wrap items-center gap-3">
          <p className="min-w-0 flex-1 basis-64 text-ui text-muted">
            None yet. With one, the platform gets tokens by OAuth, keeps them encrypted, and renews them before they expire.
          </p>
          <Button onClick={() => setWanted(true)}>Add an authorization server</Button>
        </div>
      </Card>
    );
  }
  return (
    <Card
      title="Authorization server"
      actions={
        oauth == null &&
        Object.entries(KNOWN).map(([label, part]) => (
          <Button key={label} size="small" onClick={() => set(part)}>
            {label}
          </Button>
        ))
      }
    >
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <div className="grid gap-1.5">
          <p className="text-ui font-medium">Redirect address to enter at the authorization server</p>
          <Command text={kept.redirect_uri} label="Copy the address" />
        </div>
        <FormError error={save.error} />
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label="How it is connected" error={problem('flow')}>
            {(tied) => (
              <Select {...tied} value={form.flow} onChange={(event) => set({ flow: event.target.value as Flow })}>
                {Object.entries(FLOWS).map(([id, label]) => (
                  <option key={id} value={id}>
                    {label}
                  </option>
                ))}
              </Select>
            )}
          </Field>
          <Field label="Client ID" error={problem('client_id')}>
            {(tied) => <Input {...tied} value={form.client_id} required autoComplete="off" spellCheck={false} onChange={(event) => set({ client_id: event.target.value })} />}
          </Field>
          <div className="grid content-start gap-2">
            <Field
              label="Client secret"
              optional
              help={kept.has_client_secret ? 'A secret is set. Enter another one to replace it.' : 'Kept encrypted, and never shown again.'}
              error={problemAt(save.error, 'client_secret')}
            >
              {(tied) => (
                <Input {...tied} value={form.client_secret} type="password" disabled={noSecret} autoComplete="new-password" onChange={(event) => set({ client_secret: event.target.value })} />
              )}
            </Field>
            {kept.has_client_secret && (
              <CheckField label="Remove the secret" checked={noSecret} disabled={form.client_secret !== ''} onChange={(event) => setNoSecret(event.target.checked)} />
            )}
          </div>
          <Field label="How the secret is sent" error={problem('client_authentication')}>
            {(tied) => (
              <Select {...tied} value={form.client_authentication} onChange={(event) => set({ client_authentication: event.target.value === 'body' ? 'body' : 'basic' })}>
                <option value="basic">As HTTP Basic</option>
                <option value="body">In the request body</option>
              </Select>
            )}
          </Field>
          <Field
            label="Authorization address"
            optional={form.flow !== 'authorization_code'}
            help={form.flow === 'client_credentials' ? 'Where an administrator grants consent first, if that is needed.' : 'Where people are sent to sign in.'}
            error={problem('authorization_url')}
          >
            {(tied) => (
              <Input {...tied} value={form.authorization_url} required={form.flow === 'authorization_code'} spellCheck={false} placeholder="https://" onChange={(event) => set({ authorization_url: event.target.value })} />
            )}
          </Field>
          <Field label="Token address" help="{entity_id} is replaced with the organization’s ID in the other system." error={problem('token_url')}>
            {(tied) => <Input {...tied} value={form.token_url} required spellCheck={false} placeholder="https://" onChange={(event) => set({ token_url: event.target.value })} />}
          </Field>
          <Field label="Scopes" optional help="One per line, or separated by spaces, such as read offline_access." error={problem('scopes')}>
            {(tied) => <TextArea {...tied} value={form.scopes} rows={3} spellCheck={false} className="font-mono text-xs" onChange={(event) => set({ scopes: event.target.value })} />}
          </Field>
          <Field label="Parameters" optional help="One name=value per line, such as prompt=consent." error={problem('parameters')}>
            {(tied) => <TextArea {...tied} value={form.parameters} rows={3} spellCheck={false} className="font-mono text-xs" onChange={(event) => set({ parameters: event.target.value })} />}
          </Field>
          <Field label="Token lifetime (seconds)" optional help="Used if the server does not state one. The default is an hour." error={problem('default_lifetime_seconds')}>
            {(tied) => <Input {...tied} value={form.lifetime} type="number" min={1} onChange={(event) => set({ lifetime: event.target.value })} />}
          </Field>
        </div>
        <div className="flex flex-wrap items-center justify-end gap-2">
          {oauth != null && linesOf(form.token_url)[0] !== oauth.token_url && kept.has_client_secret && (
            <p className="text-xs text-warn">A new token address needs the client secret again.</p>
          )}
          {oauth == null ? (
            <Button onClick={() => setWanted(false)}>Cancel</Button>
          ) : (
            <DeleteButton name="the authorization server" action="Remove" title="Remove the authorization server?" onDelete={() => remove.mutateAsync()}>
              <p>Its addresses, scopes and the client secret are deleted for good. The integration’s values and mappings stay.</p>
              <p>It cannot be removed while something is connected through it. Delete these connections first, each under Connection.</p>
            </DeleteButton>
          )}
          <Button type="submit" look="primary" busy={save.isPending}>
            Save server
          </Button>
        </div>
      </form>
    </Card>
  );
}
