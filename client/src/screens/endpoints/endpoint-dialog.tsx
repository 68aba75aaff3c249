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
  const name = endpoint?.workflow_name ?? workflow?.name;
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
    { says: (saved) => `The endpoint of “${saved.workflow_name}” is saved`, again: ['endpoints'], then: onClose },
  );
  const remove = useSave(() => call(api.DELETE('/api/endpoints/{id}', { params: { path: { id: endpoint?.id ?? '' } } })), {
    says: () => 'The endpoint is deleted',
    again: ['endpoints'],
    then: onClose,
  });
  return (
    <FormDialog
      title={endpoint === undefined ? 'New endpoint' : `${endpoint.methods.join(', ')} …/${endpoint.slug}`}
      description={
        fixed
          ? `Workflow: ${endpoint.workflow_name}. Its code defines this endpoint, its methods and its response; to delete it, change the code.`
          : name === undefined
            ? 'A path at which a workflow answers plain HTTP.'
            : `Workflow: ${name}`
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
            Callers get 404 from then on. Its runs are kept.
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
      <Field label="Last part of the path" help="Lowercase letters, digits, - and _, such as open-tickets." error={problemAt(save.error, 'slug')}>
        {(tied) => (
          <Input {...tied} value={slug} required pattern="[a-z0-9_\-]+" title="Lowercase letters, digits, - and _" spellCheck={false} className="font-mono" onChange={(event) => setSlug(event.target.value)} />
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
          {methods.length === 0 && <p className="text-xs text-bad">Choose at least one method.</p>}
        </fieldset>
        <Field label="Response" error={problemAt(save.error, 'mode')}>
          {(tied) => (
            <Select {...tied} value={mode} onChange={(event) => setMode(event.target.value === 'async' ? 'async' : 'sync')}>
              <option value="sync">What the workflow returns</option>
              <option value="async">The ID of the run, immediately</option>
            </Select>
          )}
        </Field>
      </fieldset>
      <div className="grid gap-4 sm:grid-cols-2">
        {mode === 'sync' && (
          <Field label="Timeout (seconds)" help="After that, callers get 202 and the run continues." error={problemAt(save.error, 'deadline_seconds')}>
            {(tied) => <Input {...tied} value={deadline} type="number" min={1} max={600} required onChange={(event) => setDeadline(event.target.value)} />}
          </Field>
        )}
        <Field label="Requests per minute" error={problemAt(save.error, 'rate_per_minute')}>
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
            <option value="key">Anyone with a key that may run the workflow</option>
            <option value="public">Anyone who knows the address</option>
          </Select>
        )}
      </Field>
      {open && (
        <>
          <Notice tone="warn">
            <p className="font-medium">Anyone who learns the address can run this workflow without a key.</p>
            <p>It runs as the workflow itself, with the rights of an end user. Its parameters are whatever the caller sends, so do not trust them.</p>
          </Notice>
          {opens && <CheckField label="I understand: anyone can call it without a key" checked={meant} onChange={(event) => setMeant(event.target.checked)} />}
        </>
      )}
      <CheckField label="On" help="When off, callers get 404." checked={enabled} onChange={(event) => setEnabled(event.target.checked)} />
    </FormDialog>
  );
}
