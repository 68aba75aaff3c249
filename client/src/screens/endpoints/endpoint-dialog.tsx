/** Makes, changes or deletes an endpoint. Public only by an explicit choice. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { workflowsQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import type { Endpoint } from '@/api/types';
import { useSave } from '@/lib/change';
import { problemAt } from '@/lib/forms';
import { Combobox } from '@/ui/combobox';
import { DeleteButton } from '@/ui/delete-button';
import { CheckField, Field, Input, Select } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { Notice } from '@/ui/notice';

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const satisfies readonly Endpoint['methods'][number][];

interface Props {
  endpoint: Endpoint | undefined;
  /** The workflow of a new one, where it is known. */
  workflow?: { id: string; name: string } | undefined;
  onClose: () => void;
}

/** A path from a name: `Open tickets` is `open-tickets`. */
export const slugOf = (name: string): string =>
  name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 100);

export function EndpointDialog({ endpoint, workflow, onClose }: Props) {
  const organization = useOrganization();
  const { data: workflows = [] } = useQuery(workflowsQuery(organization));
  const [target, setTarget] = useState(endpoint?.workflow_id ?? workflow?.id ?? '');
  const [slug, setSlug] = useState(endpoint?.slug ?? slugOf(workflow?.name ?? ''));
  const [methods, setMethods] = useState<Endpoint['methods']>(endpoint?.methods ?? ['POST']);
  const [mode, setMode] = useState<Endpoint['mode']>(endpoint?.mode ?? 'sync');
  const [deadline, setDeadline] = useState(String(endpoint?.deadline_seconds ?? 30));
  const [rate, setRate] = useState(String(endpoint?.rate_per_minute ?? 600));
  const [open, setOpen] = useState(endpoint?.public ?? false);
  const [meant, setMeant] = useState(false);
  const [enabled, setEnabled] = useState(endpoint?.enabled ?? true);
  const opens = open && endpoint?.public !== true;
  const fixed = endpoint?.source === 'decorator';
  const save = useSave(
    () => {
      const own = {
        slug,
        rate_per_minute: Number(rate),
        enabled,
        public: open,
        confirm_public: open,
        ...(mode === 'sync' ? { deadline_seconds: Number(deadline) } : {}),
      };
      const body = { ...own, methods, mode };
      return endpoint === undefined
        ? call(api.POST('/api/endpoints', { body: { ...body, workflow_id: target } }))
        : call(api.PATCH('/api/endpoints/{id}', { params: { path: { id: endpoint.id } }, body: fixed ? own : body }));
    },
    { says: (saved) => `“${saved.workflow_name}” answers at ${saved.slug}`, again: ['endpoints'], then: onClose },
  );
  const remove = useSave(() => call(api.DELETE('/api/endpoints/{id}', { params: { path: { id: endpoint?.id ?? '' } } })), {
    says: () => 'The endpoint is deleted',
    again: ['endpoints'],
    then: onClose,
  });
  return (
    <FormDialog
      title={endpoint === undefined ? 'New endpoint' : endpoint.slug}
      description={
        fixed
          ? `It stands in the code of ${endpoint.workflow_name}, which says its methods and what it answers. It is taken away there, too.`
          : (endpoint?.workflow_name ?? workflow?.name ?? 'A path at which a workflow answers plain HTTP.')
      }
      side
      onClose={onClose}
      onSubmit={() => save.mutate()}
      error={save.error}
      busy={save.isPending}
      disabled={target === '' || methods.length === 0 || (opens && !meant)}
      beside={
        endpoint !== undefined &&
        !fixed && (
          <DeleteButton name={endpoint.slug} onDelete={() => remove.mutateAsync()}>
            Whoever calls it gets “not found” from now on. Its runs stay.
          </DeleteButton>
        )
      }
    >
      {endpoint === undefined && workflow === undefined && (
        <Field label="Workflow" error={problemAt(save.error, 'workflow_id')}>
          {(tied) => (
            <Combobox
              {...tied}
              label="Workflow"
              value={target}
              onChange={(id) => {
                setTarget(id);
                if (slug === '') setSlug(slugOf(workflows.find((one) => one.id === id)?.name ?? ''));
              }}
              options={workflows.filter(({ kind }) => kind !== 'data_provider').map(({ id, name, category }) => ({ value: id, label: name, hint: category }))}
              className="w-full"
            />
          )}
        </Field>
      )}
      <Field label="Last part of its path" help="a-z, 0-9, - and _." error={problemAt(save.error, 'slug')}>
        {(tied) => (
          <Input {...tied} value={slug} required pattern="[a-z0-9_\-]+" title="a-z, 0-9, - and _" spellCheck={false} className="font-mono" onChange={(event) => setSlug(event.target.value)} />
        )}
      </Field>
      <fieldset disabled={fixed} className="grid min-w-0 gap-4">
        <fieldset className="grid gap-2">
          <legend className="mb-1.5 text-ui font-medium">Methods</legend>
          <div className="flex flex-wrap gap-x-5 gap-y-2">
            {METHODS.map((method) => (
              <CheckField
                key={method}
                label={method}
                checked={methods.includes(method)}
                onChange={(event) => setMethods(METHODS.filter((one) => (one === method ? event.target.checked : methods.includes(one))))}
              />
            ))}
          </div>
          {methods.length === 0 && <p className="text-xs text-bad">Choose at least one.</p>}
        </fieldset>
        <Field label="It answers" error={problemAt(save.error, 'mode')}>
          {(tied) => (
            <Select {...tied} value={mode} onChange={(event) => setMode(event.target.value === 'async' ? 'async' : 'sync')}>
              <option value="sync">What the workflow returns</option>
              <option value="async">The id of the run, at once</option>
            </Select>
          )}
        </Field>
      </fieldset>
      <div className="grid gap-4 sm:grid-cols-2">
        {mode === 'sync' && (
          <Field label="Waits for (seconds)" help="Then the answer is 202, and the run goes on." error={problemAt(save.error, 'deadline_seconds')}>
            {(tied) => <Input {...tied} value={deadline} type="number" min={1} max={600} required onChange={(event) => setDeadline(event.target.value)} />}
          </Field>
        )}
        <Field label="Requests in a minute" error={problemAt(save.error, 'rate_per_minute')}>
          {(tied) => <Input {...tied} value={rate} type="number" min={1} max={60_000} required onChange={(event) => setRate(event.target.value)} />}
        </Field>
      </div>
      <Field label="Who may call it" error={problemAt(save.error, 'public', 'confirm_public')}>
        {(tied) => (
          <Select
            {...tied}
            value={open ? 'public' : 'key'}
            onChange={(event) => {
              setOpen(event.target.value === 'public');
              setMeant(false);
            }}
          >
            <option value="key">Who has a key that may run the workflow</option>
            <option value="public">Everybody who knows the address</option>
          </Select>
        )}
      </Field>
      {open && (
        <>
          <Notice tone="warn">
            <p className="font-medium">Everybody who learns the address can run this workflow, without a key.</p>
            <p>The run is the workflow’s own, with the rights of an end user. Its parameters are whatever somebody has sent: trust none of them.</p>
          </Notice>
          {opens && <CheckField label="I mean it: public, without a key" checked={meant} onChange={(event) => setMeant(event.target.checked)} />}
        </>
      )}
      <CheckField label="On" help="Off: as if it were not there." checked={enabled} onChange={(event) => setEnabled(event.target.checked)} />
    </FormDialog>
  );
}
