/** The parameters of a workflow as fields, which write into the test delivery where its subscription looks for them. */
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { workflowQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import type { Subscription, Webhook, Workflow } from '@/api/types';
import { enteredOf } from '@/lib/entered';
import { fieldsOf, fieldsOfWorkflow, initial, read, type Entered, type Field, type Values } from '@/lib/parameters';
import { FieldInput } from '@/screens/workflow/form-field';
import { Notice } from '@/ui/notice';
import { Show, Skeleton } from '@/ui/states';
import { conditionWords } from './conditions';
import { saidAt, says, sourceOf, unmet, type Delivered } from './fill';

interface Props {
  webhook: Webhook;
  subscription: Subscription;
  delivered: Delivered;
  onChange: (delivered: Delivered) => void;
}

export default function Filler(props: Props) {
  const organization = useOrganization();
  const workflow = useQuery(workflowQuery(organization, props.subscription.workflow_id));
  return (
    <Show query={workflow} skeleton={<Skeleton className="h-24" />}>
      {(data) => <Fields {...props} workflow={data} />}
    </Show>
  );
}

function Fields({ webhook, subscription, delivered, onChange, workflow }: Props & { workflow: Workflow }) {
  const fields = useMemo(() => fieldsOfMapping(workflow, subscription), [workflow, subscription]);
  // What is typed here, as long as the delivery is what these fields have made of it.
  const [typed, setTyped] = useState<{ entered: Values; made: string }>({ entered: {}, made: '' });
  const now = JSON.stringify(delivered);
  const own: Partial<Values> = typed.made === now ? typed.entered : {};
  const { filter, mapping, workflow_name } = subscription;
  const places = fields.map((field) => {
    const place = mapping[field.name];
    const source = typeof place === 'string' ? sourceOf(webhook.kind, place) : undefined;
    const said = source === undefined ? (typeof place === 'object' ? place.value : undefined) : saidAt(delivered, source);
    const entered = own[field.name] ?? initial({ ...field, fallback: undefined }, said === undefined ? {} : { [field.name]: said });
    return { field, place, source, entered };
  });
  const values = Object.fromEntries(places.map(({ field, entered }) => [field.name, entered]));
  const change = (field: Field, source: NonNullable<ReturnType<typeof sourceOf>>, entered: Entered) => {
    const result = read(field, entered);
    const isRight = 'value' in result || entered === '';
    const made = isRight ? says(delivered, source, 'value' in result ? result.value : undefined) : delivered;
    setTyped({ entered: { ...own, [field.name]: entered } as Values, made: JSON.stringify(made) });
    if (isRight) onChange(made);
  };
  const open = unmet(webhook.kind, filter, delivered);
  return (
    <div className="grid gap-4">
      {places.length === 0 && <p className="text-ui text-muted">It gets no parameters. To give it some, change it under “Workflows that start”.</p>}
      {places.map(({ field, place, source, entered }) => {
        if (source === undefined) return <Fixed key={field.name} field={field} place={place} />;
        const problem = field.name in own ? read(field, entered) : undefined;
        return (
          <FieldInput
            key={field.name}
            field={field}
            fields={fields}
            values={values}
            value={entered}
            error={problem !== undefined && 'problem' in problem ? problem.problem : undefined}
            onChange={(to) => change(field, source, to)}
          />
        );
      })}
      {open.length > 0 && (
        <Notice tone="warn" role="status">
          {workflow_name} would not start: it is for deliveries where {open.map(conditionWords).join(' and ')}.
        </Notice>
      )}
    </div>
  );
}

/** The fields of the parameters that a subscription maps; functions that take anything may get more. */
function fieldsOfMapping(workflow: Workflow, { mapping }: Subscription): Field[] {
  const known = fieldsOfWorkflow(workflow).filter(({ name }) => name in mapping);
  const others = Object.keys(mapping).filter((name) => !known.some((field) => field.name === name));
  return [...known, ...fieldsOf(others.map((name) => ({ name, type: 'json', label: name, required: false })))];
}

function Fixed({ field, place }: { field: Field; place: Subscription['mapping'][string] | undefined }) {
  return (
    <div className="grid gap-0.5 text-ui">
      <p className="font-medium">{field.label}</p>
      <p className="text-xs break-words text-muted">
        {typeof place === 'string' ? `From ${place}, which the body does not say.` : `Always ${enteredOf(place?.value)}.`}
      </p>
    </div>
  );
}
