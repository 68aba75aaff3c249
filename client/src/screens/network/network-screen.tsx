/** Where the organization's workflows may send requests. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useForm } from 'react-hook-form';
import { api, call } from '@/api/client';
import { useMay, useOrganization, useScopeId } from '@/api/session';
import type { EgressPolicy } from '@/api/types';
import { bytes } from '@/lib/format';
import { linesOf, showAtField } from '@/lib/forms';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Field, Input, TextArea } from '@/ui/field';
import { Fact, Facts, Page } from '@/ui/page';
import { FormError, Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { done } from '@/ui/toast';
import { Used } from '@/ui/used';

const MIB = 1_048_576;

export function NetworkScreen() {
  const organization = useOrganization();
  const policy = useQuery({
    queryKey: ['egress', organization],
    queryFn: ({ signal }) => call(api.GET('/api/egress', { signal })),
  });
  return (
    <Page
      title="Network"
      about="What the organization’s workflows may reach: the whole public internet and nothing private, unless you change it here."
      className="max-w-4xl"
    >
      <Card>
        <Show query={policy}>
          {(data) => <Form key={data.updated_at ?? ''} policy={data} changedAt={data.updated_at ?? undefined} />}
        </Show>
      </Card>
      <UsedToday />
    </Page>
  );
}

/** It is asked for again so often, in milliseconds. */
const AGAIN = 10_000;

/** What is used of the quotas; nothing where there is none. */
function UsedToday() {
  const organization = useOrganization();
  const usage = useQuery({
    queryKey: ['egress', organization, 'usage'],
    queryFn: ({ signal }) => call(api.GET('/api/egress/usage', { signal })),
    refetchInterval: AGAIN,
  });
  const requests = usage.data?.requests_this_minute;
  const today = usage.data?.bytes_today;
  if (requests == null && today == null) return null;
  return (
    <Card title="Usage">
      <Facts>
        {requests != null && (
          <Fact name="Requests this minute">
            <Used usage={requests} />
          </Fact>
        )}
        {today != null && (
          <Fact name="Sent and received today">
            <Used usage={today} say={bytes} />
          </Fact>
        )}
      </Facts>
    </Card>
  );
}

interface Values {
  allow_hosts: string;
  deny_hosts: string;
  methods: string;
  ports: string;
  private_networks: string;
  unverified_hosts: string;
  requests_per_minute: string;
  bytes_per_day: string;
}

const NAMES = ['allow_hosts', 'deny_hosts', 'methods', 'ports', 'private_networks', 'unverified_hosts', 'requests_per_minute', 'bytes_per_day'] as const;

function toValues(policy: EgressPolicy): Values {
  return {
    allow_hosts: (policy.allow_hosts ?? []).join('\n'),
    deny_hosts: (policy.deny_hosts ?? []).join('\n'),
    methods: (policy.methods ?? []).join(', '),
    ports: (policy.ports ?? []).join(', '),
    private_networks: (policy.private_networks ?? []).join('\n'),
    unverified_hosts: (policy.unverified_hosts ?? []).join('\n'),
    requests_per_minute: policy.requests_per_minute?.toString() ?? '',
    bytes_per_day: policy.bytes_per_day == null ? '' : String(policy.bytes_per_day / MIB),
  };
}

function toPolicy(values: Values): EgressPolicy {
  return {
    allow_hosts: linesOf(values.allow_hosts),
    deny_hosts: linesOf(values.deny_hosts),
    methods: linesOf(values.methods),
    ports: linesOf(values.ports).map(Number),
    private_networks: linesOf(values.private_networks),
    unverified_hosts: linesOf(values.unverified_hosts),
    requests_per_minute: values.requests_per_minute === '' ? null : Number(values.requests_per_minute),
    bytes_per_day: values.bytes_per_day === '' ? null : Math.round(Number(values.bytes_per_day) * MIB),
  };
}

function Form({ policy, changedAt }: { policy: EgressPolicy; changedAt: string | undefined }) {
  const client = useQueryClient();
  const may = useMay();
  const id = useScopeId();
  const { register, handleSubmit, setError, formState } = useForm<Values>({ defaultValues: toValues(policy) });
  const save = useMutation({
    mutationFn: (values: Values) =>
      call(api.PUT('/api/organizations/{id}/egress', { params: { path: { id } }, body: toPolicy(values) })),
    onSuccess: async () => {
      done('The policy is saved', 'Runs follow it from their next request on.');
      await client.invalidateQueries({ queryKey: ['egress'] });
    },
    onError: (error) => showAtField<Values>(error, NAMES, setError),
  });
  const writes = may('platform.organizations');
  const errorOf = (name: keyof Values) => formState.errors[name]?.message;
  return (
    <form className="grid gap-4" onSubmit={handleSubmit((values) => save.mutate(values))}>
      {!writes && (
        <p className="rounded-md bg-info-soft px-3 py-2 text-ui">
          Only an administrator of the platform can change this. Ask them if your workflows need to reach more.
        </p>
      )}
      <FormError error={save.error} />
      <fieldset disabled={!writes} className="grid gap-4 sm:grid-cols-2">
        <Field
          label="Allowed hosts"
          help="One per line. *.example.com stands for all names below example.com. Leave empty to allow all."
          error={errorOf('allow_hosts')}
        >
          {(tied) => <TextArea {...tied} {...register('allow_hosts')} rows={5} spellCheck={false} className="font-mono text-xs" />}
        </Field>
        <Field label="Blocked hosts" help="One per line. These are never reached, whatever else is allowed." error={errorOf('deny_hosts')}>
          {(tied) => <TextArea {...tied} {...register('deny_hosts')} rows={5} spellCheck={false} className="font-mono text-xs" />}
        </Field>
        <Field
          label="Allowed private networks"
          help="Private networks that workflows may reach as well, one per line, such as 10.1.0.0/16."
          error={errorOf('private_networks')}
        >
          {(tied) => <TextArea {...tied} {...register('private_networks')} rows={3} spellCheck={false} className="font-mono text-xs" />}
        </Field>
        <Field
          label="Hosts without certificate checks"
          help="Hosts for which a workflow may turn certificate checks off. Anybody on the way can then read what is sent."
          error={errorOf('unverified_hosts')}
        >
          {(tied) => <TextArea {...tied} {...register('unverified_hosts')} rows={3} spellCheck={false} className="font-mono text-xs" />}
        </Field>
        <Field label="Allowed methods" help="For example GET, POST. Leave empty to allow all." error={errorOf('methods')}>
          {(tied) => <Input {...tied} {...register('methods')} spellCheck={false} />}
        </Field>
        <Field label="Allowed ports" help="For example 443, 8443. Leave empty to allow all." error={errorOf('ports')}>
          {(tied) => <Input {...tied} {...register('ports')} spellCheck={false} />}
        </Field>
        <Field label="Requests per minute" help="Of all runs together. Leave empty for no limit." error={errorOf('requests_per_minute')}>
          {(tied) => <Input {...tied} {...register('requests_per_minute')} type="number" min={0} />}
        </Field>
        <Field label="MiB per day" help="Sent and received, of all runs together. Leave empty for no limit." error={errorOf('bytes_per_day')}>
          {(tied) => <Input {...tied} {...register('bytes_per_day')} type="number" min={0} step="any" />}
        </Field>
      </fieldset>
      <div className="flex flex-wrap items-center justify-end gap-3">
        {changedAt !== undefined && (
          <p className="mr-auto text-xs text-muted">
            Last changed <Ago at={changedAt} />
          </p>
        )}
        {writes && (
          <Button type="submit" look="primary" busy={save.isPending}>
            Save the policy
          </Button>
        )}
      </div>
    </form>
  );
}
