/** The limits of an organization's runs, in units that people think in. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useForm } from 'react-hook-form';
import { api, call } from '@/api/client';
import type { Limits, Organization } from '@/api/types';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Field, Input } from '@/ui/field';
import { FormError } from '@/ui/states';
import { done } from '@/ui/toast';

const KIB = 1_024;
const MIB = KIB * KIB;

type Name = keyof Limits;

interface Limit {
  label: string;
  unit: string;
  /** How much of the server's unit one of these is. */
  factor: number;
}

const LIMITS: Record<Name, Limit> = {
  memory_bytes: { label: 'Memory per run', unit: 'MiB', factor: MIB },
  wall_ms: { label: 'Time per run', unit: 's', factor: 1_000 },
  fuel: { label: 'CPU time per run', unit: 's', factor: 1_000_000_000 },
  concurrent_runs: { label: 'Concurrent runs', unit: '', factor: 1 },
  log_bytes: { label: 'Log size per run', unit: 'MiB', factor: MIB },
  log_line_bytes: { label: 'Log line length', unit: 'KiB', factor: KIB },
  result_bytes: { label: 'Result size', unit: 'MiB', factor: MIB },
  parameters_bytes: { label: 'Parameter size', unit: 'MiB', factor: MIB },
  http_calls: { label: 'HTTP calls per run', unit: '', factor: 1 },
  http_concurrent: { label: 'Concurrent HTTP calls', unit: '', factor: 1 },
  http_body_bytes: { label: 'HTTP body size', unit: 'MiB', factor: MIB },
  host_resources: { label: 'Open handles', unit: '', factor: 1 },
};

const NAMES = Object.keys(LIMITS) as Name[];

type Values = Record<Name, string>;

const toValues = (limits: Limits): Values =>
  Object.fromEntries(NAMES.map((name) => [name, String((limits[name] ?? 0) / LIMITS[name].factor)])) as Values;

export function LimitsForm({ organization }: { organization: Organization }) {
  const client = useQueryClient();
  const { register, handleSubmit } = useForm<Values>({ defaultValues: toValues(organization.limits) });
  const save = useMutation({
    mutationFn: (values: Values) => {
      const limits = Object.fromEntries(NAMES.map((name) => [name, Math.round(Number(values[name]) * LIMITS[name].factor)]));
      return call(api.PATCH('/api/organizations/{id}', { params: { path: { id: organization.id } }, body: { limits } }));
    },
    onSuccess: async () => {
      done('The limits are saved', 'They apply to runs that start from now on.');
      await client.invalidateQueries({ queryKey: ['organization'] });
      await client.invalidateQueries({ queryKey: ['organizations'] });
    },
  });
  return (
    <Card title="Limits">
      <form className="grid gap-4" onSubmit={handleSubmit((values) => save.mutate(values))}>
        <FormError error={save.error} />
        <div className="grid gap-4 sm:grid-cols-2 lg:grid-cols-3">
          {NAMES.map((name) => {
            const { label, unit } = LIMITS[name];
            return (
              <Field key={name} label={unit === '' ? label : `${label} (${unit})`}>
                {(tied) => <Input {...tied} {...register(name)} type="number" min={0} step="any" required className="tabular-nums" />}
              </Field>
            );
          })}
        </div>
        <div className="flex justify-end">
          <Button type="submit" look="primary" busy={save.isPending}>
            Save the limits
          </Button>
        </div>
      </form>
    </Card>
  );
}
