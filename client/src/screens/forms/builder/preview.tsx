/** The form as people will see it, with real data providers, beside what builds it. */
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { FlaskConical, Rocket } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { api, call } from '@/api/client';
import type { FormContext, FormDefinition } from '@/api/forms';
import { useMe, useOrganizations, useScopeId } from '@/api/session';
import type { Evaluator, Json, Scope } from '@/expressions';
import { withOffset } from '@/lib/form-values';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Confirm } from '@/ui/confirm';
import { Field, Input } from '@/ui/field';
import { FormError } from '@/ui/states';
import { ErrorSummary } from '../fill/error-summary';
import { FormFields } from '../fill/form-fields';
import { useFilling } from '../fill/use-filling';
import { useBuilder, workflowOf } from './builder-context';
import { previewSource } from './preview-source';

interface Props {
  /** The last definition that can be shown. */
  form: FormDefinition;
  /** What it starts. */
  workflow: string;
  /** The form is in the middle of being changed. */
  isOld: boolean;
  onScope: (scope: Scope) => void;
}

/** The time as the browser has it, to the second. */
function localNow(): string {
  const now = new Date();
  now.setMinutes(now.getMinutes() - now.getTimezoneOffset());
  return withOffset(now.toISOString().slice(0, 19));
}

export function Preview({ form, workflow, isOld, onScope }: Props) {
  const me = useMe();
  const { evaluator } = useBuilder();
  const organization = useScopeId();
  const { chosen } = useOrganizations();
  const [query, setQuery] = useState<Record<string, string>>({});
  const [launched, setLaunched] = useState<Json>(null);
  const [now] = useState(localNow);
  const context = useMemo(
    (): FormContext => ({
      user: { id: me.user_id, name: me.name, email: me.email },
      organization: { id: organization, name: chosen?.name ?? me.organization_name },
      query: Object.fromEntries(Object.entries(query).filter(([, value]) => value !== '')),
      workflow: launched,
    }),
    [me, organization, chosen, query, launched],
  );
  const fromAddress = useMemo(
    () => [
      ...new Set([
        ...(form.query_parameters ?? []),
        ...form.fields.filter((field) => field.allow_as_query_param === true).map(({ name }) => name),
      ]),
    ],
    [form],
  );
  return (
    <Card
      title="Preview"
      id="preview"
      className="scroll-mt-20"
      actions={isOld && <span className="text-xs text-muted">As before the problems</span>}
    >
      <div className="grid gap-5">
        {(fromAddress.length > 0 || (form.launch_workflow ?? '') !== '') && (
          <details className="rounded-md border bg-sunken px-3 py-2 text-ui">
            <summary className="cursor-pointer font-medium">What it is opened with</summary>
            <div className="grid gap-3 pt-3">
              {fromAddress.map((name) => (
                <Field key={name} label={`Address: ${name}`} optional>
                  {(tied) => (
                    <Input {...tied} value={query[name] ?? ''} onChange={(event) => setQuery({ ...query, [name]: event.target.value })} />
                  )}
                </Field>
              ))}
              {(form.launch_workflow ?? '') !== '' && <Launch form={form} query={query} onResult={setLaunched} />}
            </div>
          </details>
        )}
        <Filled form={form} called={workflow} evaluator={evaluator} context={context} now={now} onScope={onScope} />
      </div>
    </Card>
  );
}

interface FilledProps {
  form: FormDefinition;
  called: string;
  onScope: (scope: Scope) => void;
  evaluator: Evaluator;
  context: FormContext;
  now: string;
}

function Filled({ form, called, evaluator, context, now, onScope }: FilledProps) {
  const latest = useRef({ context: { ...context }, now });
  latest.current = { context: { ...context }, now };
  const source = useMemo(() => previewSource(evaluator, () => latest.current), [evaluator]);
  const filling = useFilling({ definition: form, evaluator, source, context, now });
  const [attempt, setAttempt] = useState(0);
  const [asked, setAsked] = useState<Record<string, Json>>();
  const { data } = filling.state;
  useEffect(() => onScope({ fields: data, context: { ...context }, now }), [onScope, data, context, now]);
  const { workflows } = useBuilder();
  const workflow = workflowOf(workflows, called);
  const run = useMutation({
    mutationFn: (input: Record<string, Json>) =>
      call(api.POST('/api/workflows/execute', { body: { workflow_id: called, input_data: input } })),
  });
  const tryIt = () => {
    if (Object.keys(filling.attempt()).length > 0) setAttempt((count) => count + 1);
    else setAsked(data);
  };
  const files = form.fields.some(({ type, name }) => type === 'file' && name in data);
  return (
    <>
    <form
      noValidate
      aria-label="Preview"
      className="grid gap-5"
      onSubmit={(event) => {
        event.preventDefault();
        tryIt();
      }}
    >
      <ErrorSummary fields={filling.fields} errors={filling.errors} attempt={attempt} />
      {filling.fields.length === 0 && <p className="text-ui text-muted">Fields that you add stand here.</p>}
      <FormFields filling={filling} />
      <div className="grid gap-3 border-t pt-4">
        <FormError error={run.error} />
        <div className="flex flex-wrap items-center justify-between gap-3">
          <p role="status" className="text-ui text-muted">
            {run.data === undefined ? (
              'A test starts the workflow for real.'
            ) : (
              <>
                It has started:{' '}
                <Link to="/runs/$id" params={{ id: run.data.execution_id }} target="_blank" className="text-accent-text underline">
                  see the run
                </Link>
              </>
            )}
          </p>
          <Button type="submit" disabled={workflow === undefined} busy={run.isPending}>
            {!run.isPending && <FlaskConical aria-hidden />}
            Test run
          </Button>
        </div>
      </div>
    </form>
      <Confirm
        open={asked !== undefined}
        onClose={() => setAsked(undefined)}
        title={`Start “${workflow?.name ?? ''}” with this?`}
        action="Start it"
        danger={false}
        onConfirm={() => run.mutateAsync(asked ?? {})}
      >
        <p>It runs for real, as you, with what the preview holds{files ? ' and without the files' : ''}.</p>
        <pre className="max-h-60 overflow-auto rounded-md border bg-sunken px-3 py-2 font-mono text-xs text-ink" tabIndex={0}>
          {JSON.stringify(asked ?? {}, null, 2)}
        </pre>
      </Confirm>
    </>
  );
}

/** Runs the workflow that the form opens with, so that its rules see a real result. */
function Launch({ form, query, onResult }: { form: FormDefinition; query: Record<string, string>; onResult: (result: Json) => void }) {
  const run = useMutation({
    mutationFn: async () => {
      const brought = Object.entries(query).filter(([name]) => form.query_parameters?.includes(name) === true);
      const input = { ...form.launch_parameters, ...Object.fromEntries(brought) };
      const answer = await call(
        api.POST('/api/workflows/execute', { body: { workflow_id: form.launch_workflow ?? '', input_data: input, sync: true } }),
      );
      if (answer.status !== 'Success') throw new Error(answer.error ?? `it ended with ${answer.status}`);
      return (answer.result ?? null) as Json;
    },
    onSuccess: onResult,
  });
  return (
    <div className="grid gap-2">
      <FormError error={run.error} />
      <Button className="justify-self-start" busy={run.isPending} onClick={() => run.mutate()}>
        {!run.isPending && <Rocket aria-hidden />}
        Run the launch workflow
      </Button>
      {run.data !== undefined && (
        <pre className="max-h-40 overflow-auto rounded-md border bg-surface px-3 py-2 font-mono text-xs" tabIndex={0}>
          {JSON.stringify(run.data, null, 2)}
        </pre>
      )}
    </div>
  );
}
