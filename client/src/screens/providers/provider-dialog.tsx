/** Creates, changes or deletes an identity provider. Its client secret is written only. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Trash2 } from 'lucide-react';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import { api, call } from '@/api/client';
import type { IdentityProvider } from '@/api/types';
import { linesOf, showAtField } from '@/lib/forms';
import { Button } from '@/ui/button';
import { Confirm } from '@/ui/confirm';
import { Command } from '@/ui/copy';
import { Dialog, DialogActions } from '@/ui/dialog';
import { CheckField, Field, Input, Select, TextArea } from '@/ui/field';
import { FormError } from '@/ui/states';
import { done } from '@/ui/toast';

interface Values {
  name: string;
  kind: 'microsoft' | 'google' | 'oidc';
  issuer: string;
  client_id: string;
  client_secret: string;
  domains: string;
  creates_users: boolean;
  is_enabled: boolean;
}

/** Whose conventions a provider has, in words. */
export const KIND_NAMES: Record<string, string> = {
  microsoft: 'Microsoft',
  google: 'Google',
  oidc: 'Another OpenID provider',
};

const ISSUER_HELP: Record<string, string> = {
  microsoft: 'Use https://login.microsoftonline.com/{tenant-id}/v2.0 with the ID of your tenant.',
  oidc: 'The address that its discovery document is found under, such as https://id.example.com.',
};

const NAMES = ['name', 'kind', 'issuer', 'client_id', 'client_secret', 'domains'] as const;

function send(provider: IdentityProvider | undefined, values: Values): Promise<IdentityProvider> {
  const { kind, issuer, client_secret, domains, ...rest } = values;
  const body = {
    ...rest,
    domains: linesOf(domains),
    ...(issuer === '' ? {} : { issuer }),
    ...(client_secret === '' ? {} : { client_secret }),
  };
  if (provider === undefined) return call(api.POST('/api/identity-providers', { body: { ...body, kind } }));
  return call(api.PATCH('/api/identity-providers/{id}', { params: { path: { id: provider.id } }, body }));
}

export function ProviderDialog({ provider, onClose }: { provider: IdentityProvider | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const [deleting, setDeleting] = useState(false);
  const { register, handleSubmit, watch, setError, formState } = useForm<Values>({
    defaultValues: {
      name: provider?.name ?? '',
      kind: (provider?.kind as Values['kind'] | undefined) ?? 'microsoft',
      issuer: provider?.issuer ?? '',
      client_id: provider?.client_id ?? '',
      client_secret: '',
      domains: provider?.domains.join('\n') ?? '',
      creates_users: provider?.creates_users ?? false,
      is_enabled: provider?.is_enabled ?? true,
    },
  });
  const refresh = () => client.invalidateQueries({ queryKey: ['providers'] });
  const save = useMutation({
    mutationFn: (values: Values) => send(provider, values),
    onSuccess: async (saved) => {
      done(`“${saved.name}” is saved`);
      if (provider !== undefined) onClose();
      await refresh();
    },
    onError: (error) => showAtField<Values>(error, NAMES, setError),
  });
  const remove = async () => {
    await call(api.DELETE('/api/identity-providers/{id}', { params: { path: { id: provider?.id ?? '' } } }));
    done('The provider was deleted');
    onClose();
    await refresh();
  };
  const errors = formState.errors;
  const kind = watch('kind');
  const redirect = save.data?.redirect_uri ?? provider?.redirect_uri;
  return (
    <Dialog open side onClose={onClose} title={provider?.name ?? 'New provider'}>
      {redirect !== undefined && (
        <div className="mb-5 grid gap-1.5">
          <p className="text-ui font-medium">Redirect URI to enter at the provider</p>
          <Command text={redirect} label="Copy the URI" />
        </div>
      )}
      <form className="grid gap-4" onSubmit={handleSubmit((values) => save.mutate(values))}>
        <FormError error={save.error} />
        <Field label="Name" help="Shown on its button on the sign-in page, for example “Contoso” in “Sign in with Contoso”." error={errors.name?.message}>
          {(tied) => <Input {...tied} {...register('name')} required />}
        </Field>
        <Field label="Kind">
          {(tied) => (
            <Select {...tied} {...register('kind')} disabled={provider !== undefined}>
              {Object.entries(KIND_NAMES).map(([name, label]) => (
                <option key={name} value={name}>
                  {label}
                </option>
              ))}
            </Select>
          )}
        </Field>
        {kind !== 'google' && (
          <Field
            label="Issuer"
            help={ISSUER_HELP[kind]}
            error={errors.issuer?.message}
          >
            {(tied) => <Input {...tied} {...register('issuer')} type="url" required />}
          </Field>
        )}
        <Field label="Client ID" error={errors.client_id?.message}>
          {(tied) => <Input {...tied} {...register('client_id')} required autoComplete="off" />}
        </Field>
        <Field
          label="Client secret"
          optional
          help={provider?.has_client_secret === true ? 'A secret is stored. Enter another one to replace it.' : 'Stored encrypted, and never shown again.'}
          error={errors.client_secret?.message}
        >
          {(tied) => <Input {...tied} {...register('client_secret')} type="password" autoComplete="new-password" />}
        </Field>
        <Field label="Domains" optional help="E-mail domains that are accepted from this provider, one per line, such as example.com. Leave empty to accept every address that it has verified." error={errors.domains?.message}>
          {(tied) => <TextArea {...tied} {...register('domains')} rows={3} spellCheck={false} />}
        </Field>
        <CheckField label="Create users" help="People with an address of an organization’s e-mail domain become its users when they first sign in." {...register('creates_users')} />
        <CheckField label="Enabled" help="Without this, its button is not shown on the sign-in page." {...register('is_enabled')} />
        <DialogActions>
          {provider !== undefined && (
            <Button look="danger" className="mr-auto" onClick={() => setDeleting(true)}>
              <Trash2 aria-hidden />
              Delete
            </Button>
          )}
          <Button onClick={onClose}>{save.isSuccess ? 'Close' : 'Cancel'}</Button>
          <Button type="submit" look="primary" busy={save.isPending} disabled={provider === undefined && save.isSuccess}>
            Save
          </Button>
        </DialogActions>
      </form>
      <Confirm open={deleting} onClose={() => setDeleting(false)} title={`Delete “${provider?.name ?? ''}”?`} action="Delete" onConfirm={remove}>
        People who sign in with it will need another way to sign in.
      </Confirm>
    </Dialog>
  );
}
