/** The form as a whole: its name, what it starts, what it is opened with. */
import { ListPlus } from 'lucide-react';
import { useState } from 'react';
import type { Json } from '@/expressions';
import { fieldsFor, MOST_FIELDS } from '@/lib/form-draft';
import { linesOf } from '@/lib/forms';
import { plural } from '@/lib/format';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Combobox } from '@/ui/combobox';
import { Field, Input, TextArea } from '@/ui/field';
import { useBuilder, useError, workflowOf } from './builder-context';
import { ValueInput } from './value-input';

/** Workflows to choose from. */
function useRunnable() {
  return useBuilder()
    .workflows.filter(({ kind }) => kind !== 'data_provider')
    .map(({ id, name, category }) => ({ value: id, label: name, hint: category }));
}

export const SettingsPanel = () => (
  <div className="grid gap-5">
    <FormCard />
    <OpeningCard />
  </div>
);

/** What the form is called, and what it starts. */
export function FormCard() {
  const { draft, workflows } = useBuilder();
  const { form, change } = draft;
  const nameError = useError('name');
  const descriptionError = useError('description');
  const workflowError = useError('workflow');
  const runnable = useRunnable();
  return (
    <Card title="The form">
      <div className="grid gap-4">
        <Field label="Name" error={nameError}>
          {(tied) => (
            <Input
              {...tied}
              value={form.name}
              maxLength={100}
              autoComplete="off"
              placeholder="New colleague"
              onChange={(event) => change((old) => ({ ...old, name: event.target.value }), 'name')}
            />
          )}
        </Field>
        <Field label="Description" optional error={descriptionError}>
          {(tied) => (
            <TextArea
              {...tied}
              rows={2}
              value={form.description ?? ''}
              onChange={(event) => change((old) => ({ ...old, description: event.target.value }), 'description')}
            />
          )}
        </Field>
        <Field label="Workflow" help="It starts with what is filled in." error={workflowError}>
          {(tied) => (
            <Combobox
              {...tied}
              label="Workflow"
              value={workflowOf(workflows, form.workflow)?.id ?? form.workflow}
              options={runnable}
              onChange={(id) => change((old) => ({ ...old, workflow: id }))}
              className="w-full"
            />
          )}
        </Field>
        <TakeParameters />
      </div>
    </Card>
  );
}

function OpeningCard() {
  const { draft, workflows } = useBuilder();
  const { form, change } = draft;
  const launchError = useError('launch_workflow');
  const parametersError = useError('launch_parameters');
  const queryError = useError('query_parameters');
  const [query, setQuery] = useState((form.query_parameters ?? []).join('\n'));
  const launch = workflowOf(workflows, form.launch_workflow);
  const parameters = form.launch_parameters ?? {};
  const known = launch?.parameters.map(({ name }) => name) ?? [];
  const names = [...known, ...Object.keys(parameters).filter((name) => !known.includes(name))];
  const setParameter = (name: string, value: Json | undefined) => {
    const rest = Object.entries(parameters).filter(([other]) => other !== name);
    const entries = value === undefined ? rest : [...rest, [name, value] as const];
    change((old) => ({ ...old, launch_parameters: Object.fromEntries(entries) }), `launch ${name}`);
  };
  const runnable = useRunnable();
  return (
    <Card title="When it is opened">
      <div className="grid gap-4">
        <Field
          label="Launch workflow"
          optional
          help="It runs when the form is opened. Rules see its result as context.workflow."
          error={launchError}
        >
          {(tied) => (
            <Combobox
              {...tied}
              label="Launch workflow"
              clearable
              placeholder="None"
              value={launch?.id ?? form.launch_workflow ?? ''}
              options={runnable}
              onChange={(id) => change((old) => ({ ...old, launch_workflow: id, launch_parameters: {} }))}
              className="w-full"
            />
          )}
        </Field>
        {names.map((name) => (
          <Field key={`${launch?.id ?? ''} ${name}`} label={`Parameter ${name}`} optional error={parametersError}>
            {() => <ValueInput label={`Parameter ${name}`} value={parameters[name] ?? ''} onChange={(value) => setParameter(name, value)} />}
          </Field>
        ))}
        <Field
          label="Values taken from the link"
          optional
          help="One name per line. Rules see them as context.query.name; the launch workflow gets those that are its parameters."
          error={queryError}
        >
          {(tied) => (
            <TextArea
              {...tied}
              rows={2}
              spellCheck={false}
              className="font-mono text-xs"
              value={query}
              onChange={(event) => {
                setQuery(event.target.value);
                change((old) => ({ ...old, query_parameters: linesOf(event.target.value) }), 'query');
              }}
            />
          )}
        </Field>
      </div>
    </Card>
  );
}

/** Offers fields for parameters of the workflow that have none. */
export function TakeParameters() {
  const { draft, workflows } = useBuilder();
  const { form } = draft;
  const workflow = workflowOf(workflows, form.workflow);
  const fields = fieldsFor(
    workflow?.parameters ?? [],
    form.fields.map(({ name }) => name),
  ).slice(0, MOST_FIELDS - form.fields.length);
  if (fields.length === 0) return null;
  return (
    <div className="flex flex-wrap items-center gap-3 rounded-md border bg-sunken px-3 py-2.5 text-ui">
      <p className="min-w-0 flex-1 basis-48 text-muted">
        {plural(fields.length, 'parameter')} of the workflow {fields.length === 1 ? 'has' : 'have'} no field here:{' '}
        <span className="font-mono text-xs break-words">{fields.map(({ name }) => name).join(', ')}</span>
      </p>
      <Button size="small" onClick={() => draft.change((old) => ({ ...old, fields: [...old.fields, ...fields] }))}>
        <ListPlus aria-hidden />
        Add {fields.length === 1 ? 'it' : 'them'}
      </Button>
    </div>
  );
}
