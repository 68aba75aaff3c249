/** The form as people will see it, with real data providers, beside what builds it. */
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { FlaskConical, Rocket } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { fieldErrors, submitPreview, type FormContext, type FormDefinition } from '@/api/forms';
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
import { useOpened, type Opening } from './use-opened';

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

export function Preview({ form: given, workflow, isOld, onScope }: Props) {
  // What has no name yet can be tried.
  const form = useMemo(() => ({ ...given, name: given.name || 'Untitled' }), [given]);
  const me = useMe();
  const { evaluator } = useBuilder();
  const organization = useScopeId();
  const { chosen } = useOrganizations();
  const [query, setQuery] = useState<Record<string, string>>({});
  const brought = useMemo(() => Object.fromEntries(Object.entries(query).filter(([, value]) => value !== '')), [query]);
  const opening = useOpened(form, brought);
  const launched = opening.opened?.context.workflow ?? null;
  const [now] = useState(localNow);
  const context = useMemo(
    (): FormContext => ({
      user: { id: me.user_id, name: me.name, email: me.email },
      organization: { id: organization, name: chosen?.name ?? me.organization_name },
      query: brought,
      workflow: launched,
    }),
    [me, organization, chosen, brought, launched],
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
      actions={isOld && <span className="text-xs text-muted">Shown as before the problems</span>}
    >
      <div className="grid gap-5">
        {(fromAddress.length > 0 || (form.launch_workflow ?? '') !== '') && (
          <details className="rounded-md border bg-sunken px-3 py-2 text-ui">
            <summary className="cursor-pointer font-medium">Opened with</summary>
            <div className="grid gap-3 pt-3">
              {fromAddress.map((name) => (
                <Field key={name} label={`From the link: ${name}`} optional>
                  {(tied) => (
                    <Input {...tied} value={query[name] ?? ''} onChange={(event) => setQuery({ ...query, [name]: event.target.value })} />
                  )}
                </Field>
              ))}
              {(form.launch_workflow ?? '') !== '' && <Launch opening={opening} />}
            </div>
          </details>
        )}
        <Filled form={form} called={workflow} opening={opening} evaluator={evaluator} context={context} now={now} onScope={onScope} />
      </div>
    </Card>
  );
}

interface FilledProps {
  form: FormDefinition;
  called: string;
  opening: Opening;
  onScope: (scope: Scope) => void;
  evaluator: Evaluator;
  context: FormContext;
  now: string;
}

function Filled({ form, called, opening, evaluator, context, now, onScope }: FilledProps) {
  const shown = { form, scope: { context: { ...context }, now }, open: opening.open };
  const latest = useRef(shown);
  latest.current = shown;
  // Files belong to a session: in another one they are sent again.
  const session = opening.opened?.session_id;
  const source = useMemo(() => previewSource(evaluator, () => latest.current), [evaluator, session]);
  const filling = useFilling({ definition: form, evaluator, source, context, now });
  const [attempt, setAttempt] = useState(0);
  const [asked, setAsked] = useState<Record<string, Json>>();
  const { data } = filling.state;
  useEffect(() => onScope({ fields: data, context: { ...context }, now }), [onScope, data, context, now]);
  const { workflows } = useBuilder();
  const workflow = workflowOf(workflows, called);
  const run = useMutation({
    mutationFn: async () => {
      const { form_id, session_id } = await opening.open();
      return submitPreview(form_id, form, { session_id, values: filling.values });
    },
    onError: (error) => filling.refuse(fieldErrors(error)),
  });
  const tryIt = () => {
    if (Object.keys(filling.attempt()).length > 0) setAttempt((count) => count + 1);
    else setAsked(data);
  };
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
      {filling.fields.length === 0 && <p className="text-ui text-muted">Fields that you add appear here.</p>}
      <FormFields filling={filling} />
      <div className="grid gap-3 border-t pt-4">
        <FormError error={run.error} />
        <div className="flex flex-wrap items-center justify-between gap-3">
          <p role="status" className="text-ui text-muted">
            {run.data === undefined ? (
              'A test checks everything as the server does, and starts the workflow for real.'
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
        onConfirm={() => run.mutateAsync()}
      >
        <p>The workflow really runs, as you, with the values of the preview.</p>
        <pre className="max-h-60 overflow-auto rounded-md border bg-sunken px-3 py-2 font-mono text-xs text-ink" tabIndex={0}>
          {JSON.stringify(asked ?? {}, null, 2)}
        </pre>
      </Confirm>
    </>
  );
}

/** Runs the workflow that the form opens with, so that its rules see a real result. */
function Launch({ opening }: { opening: Opening }) {
  const run = useMutation({ mutationFn: () => opening.open(true) });
  return (
    <div className="grid gap-2">
      <FormError error={run.error} />
      <Button className="justify-self-start" busy={run.isPending} onClick={() => run.mutate()}>
        {!run.isPending && <Rocket aria-hidden />}
        Run the launch workflow
      </Button>
      {opening.opened !== undefined && (
        <pre className="max-h-40 overflow-auto rounded-md border bg-surface px-3 py-2 font-mono text-xs" tabIndex={0}>
          {JSON.stringify(opening.opened.context.workflow, null, 2)}
        </pre>
      )}
    </div>
  );
}
