/** Lets a workflow start for deliveries: for which of them, and with which parameters. */
import { useQuery } from '@tanstack/react-query';
import { Plus, X } from 'lucide-react';
import { useMemo, useState } from 'react';
import { api, call } from '@/api/client';
import { workflowQuery, workflowsQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import type { Subscription, Webhook } from '@/api/types';
import { useSave } from '@/lib/change';
import { problemAt } from '@/lib/forms';
import { fieldsOfWorkflow, type Field as FieldOf } from '@/lib/parameters';
import { Button } from '@/ui/button';
import { Combobox } from '@/ui/combobox';
import { DeleteButton } from '@/ui/delete-button';
import { CheckField, Field, Input, Select } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { Notice } from '@/ui/notice';
import { filterOf, filterRows, mappingOf, mappingRows, pointerProblem, rowProblem, TESTS, type FilterRow, type MappingRow, type Test } from './conditions';
import { MappingRows } from './mapping-rows';
import { replaced, type RowsProps } from './rows';

interface Props {
  webhook: Webhook;
  subscription: Subscription | undefined;
  onClose: () => void;
}

/** With rows for the parameters of a workflow that have none yet. */
const withMissing = (rows: MappingRow[], fields: readonly FieldOf[]): MappingRow[] => [
  ...rows,
  ...fields.filter(({ name }) => !rows.some((row) => row.name === name)).map(({ name }): MappingRow => ({ name, from: 'event', text: '' })),
];

export function SubscriptionDialog({ webhook, subscription, onClose }: Props) {
  const organization = useOrganization();
  const { data: workflows = [] } = useQuery(workflowsQuery(organization));
  const [workflow, setWorkflow] = useState(subscription?.workflow_id ?? '');
  const [filter, setFilter] = useState(() => filterRows(subscription?.filter ?? []));
  const [mapped, setMapped] = useState(() => mappingRows(subscription?.mapping ?? {}));
  const [enabled, setEnabled] = useState(subscription?.enabled ?? true);
  const [tried, setTried] = useState(false);
  const { data: chosen } = useQuery({ ...workflowQuery(organization, workflow), enabled: workflow !== '' });
  const fields = useMemo(() => (chosen === undefined ? [] : fieldsOfWorkflow(chosen)), [chosen]);
  const mapping = withMissing(mapped, fields);
  const save = useSave(
    () => {
      const body = { filter: filterOf(filter), mapping: mappingOf(mapping, fields), enabled };
      return subscription === undefined
        ? call(api.POST('/api/webhooks/{id}/subscriptions', { params: { path: { id: webhook.id } }, body: { ...body, workflow_id: workflow } }))
        : call(api.PATCH('/api/webhook-subscriptions/{id}', { params: { path: { id: subscription.id } }, body }));
    },
    { says: ({ workflow_name }) => `“${workflow_name}” will run for each delivery`, again: ['subscriptions'], then: onClose },
  );
  const remove = useSave(
    () => call(api.DELETE('/api/webhook-subscriptions/{id}', { params: { path: { id: subscription?.id ?? '' } } })),
    { says: () => 'It no longer runs for deliveries', again: ['subscriptions'], then: onClose },
  );
  const wrong =
    filter.some(({ pointer }) => pointerProblem(pointer) !== undefined) ||
    mapping.some((row) => rowProblem(row, fields) !== undefined);
  const submit = () => {
    setTried(true);
    if (!wrong) save.mutate();
  };
  const choose = (id: string) => {
    setWorkflow(id);
    // What a field of another workflow held says nothing here.
    setMapped((old) => old.filter(({ text, entered }) => text !== '' && entered === undefined));
  };
  const unset = fields.filter(
    ({ name, required }) => required && !mapping.some((row) => row.name === name && (row.from === 'value' || row.text.trim() !== '')),
  );
  return (
    <FormDialog
      title={subscription?.workflow_name ?? 'Start a workflow'}
      description="It runs as the workflow itself, with the rights of an end user of the organization."
      side
      onClose={onClose}
      onSubmit={submit}
      error={save.error}
      busy={save.isPending}
      disabled={workflow === ''}
      beside={
        subscription !== undefined && (
          <DeleteButton name={subscription.workflow_name} action="Remove" onDelete={() => remove.mutateAsync()}>
            It no longer starts for deliveries of this webhook. Its runs stay.
          </DeleteButton>
        )
      }
    >
      {subscription === undefined && (
        <Field label="Workflow" error={problemAt(save.error, 'workflow_id')}>
          {(tied) => (
            <Combobox
              {...tied}
              label="Workflow"
              value={workflow}
              onChange={choose}
              options={workflows.filter(({ kind }) => kind !== 'data_provider').map(({ id, name, category }) => ({ value: id, label: name, hint: category }))}
              className="w-full"
            />
          )}
        </Field>
      )}
      <FilterRows rows={filter} onChange={setFilter} tried={tried} />
      <MappingRows rows={mapping} onChange={setMapped} fields={fields} tried={tried} />
      {unset.length > 0 && (
        <Notice tone="warn">
          The workflow requires {unset.map(({ name }) => name).join(', ')}. Until {unset.length === 1 ? 'it is' : 'they are'} set below, its runs do
          not start.
        </Notice>
      )}
      <CheckField label="On" help="When off, it is paused. Deliveries in the meantime are not caught up on." checked={enabled} onChange={(event) => setEnabled(event.target.checked)} />
    </FormDialog>
  );
}

function FilterRows({ rows, onChange, tried }: RowsProps<FilterRow>) {
  return (
    <fieldset className="grid gap-2 border-t pt-4 first:border-t-0 first:pt-0">
      <legend className="sr-only">Which deliveries</legend>
      <p className="text-ui font-medium">Which deliveries</p>
      <p className="text-xs text-muted">
        All conditions must hold; without any, it runs for every delivery. <code className="font-mono">/type</code> is the event’s name,{' '}
        <code className="font-mono">/data/…</code> is in the body, <code className="font-mono">/headers/…</code> a header.
      </p>
      {rows.map((row, index) => {
        const problem = tried ? pointerProblem(row.pointer) : undefined;
        return (
          <div key={index} className="grid gap-1">
            <div className="flex flex-wrap gap-1.5">
              <Input
                aria-label={`Where to look, condition ${index + 1}`}
                aria-invalid={problem === undefined ? undefined : true}
                value={row.pointer}
                placeholder="/data/action"
                spellCheck={false}
                className="min-w-32 flex-[2] font-mono text-xs"
                onChange={(event) => onChange(replaced(rows, index, { pointer: event.target.value }))}
              />
              <Select
                aria-label={`Test, condition ${index + 1}`}
                value={row.test}
                className="w-32"
                onChange={(event) => onChange(replaced(rows, index, { test: event.target.value as Test }))}
              >
                {Object.entries(TESTS).map(([id, label]) => (
                  <option key={id} value={id}>
                    {label}
                  </option>
                ))}
              </Select>
              {row.test === 'equals' && (
                <Input
                  aria-label={`Value, condition ${index + 1}`}
                  value={row.value}
                  placeholder="opened"
                  spellCheck={false}
                  className="min-w-24 flex-1 font-mono text-xs"
                  onChange={(event) => onChange(replaced(rows, index, { value: event.target.value }))}
                />
              )}
              <Button look="quiet" size="icon" aria-label={`Remove condition ${index + 1}`} onClick={() => onChange(rows.filter((_, at) => at !== index))}>
                <X aria-hidden />
              </Button>
            </div>
            {problem !== undefined && <p className="text-xs text-bad">{problem}</p>}
          </div>
        );
      })}
      <div>
        <Button size="small" onClick={() => onChange([...rows, { pointer: '', test: 'equals', value: '' }])}>
          <Plus aria-hidden />
          Add a condition
        </Button>
      </div>
    </fieldset>
  );
}
