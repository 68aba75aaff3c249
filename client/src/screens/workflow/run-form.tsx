/** The form that a workflow's parameters make. */
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { CalendarClock, Play } from 'lucide-react';
import { useMemo, useState } from 'react';
import { useForm } from 'react-hook-form';
import { api, call } from '@/api/client';
import { ProblemError } from '@/api/problem';
import type { Execution, Workflow } from '@/api/types';
import { fieldsOfWorkflow, initial, resolver, type Values } from '@/lib/parameters';
import { Button } from '@/ui/button';
import { FormError } from '@/ui/states';
import { FormField } from './form-field';
import { LaterDialog } from './later-dialog';
import { useTold } from './use-told';

type Input = Record<string, unknown>;

interface Props {
  workflow: Workflow;
  /** A run whose input is edited and run again. */
  earlier: Execution | undefined;
  /** Told what the form would send, as far as it is valid. */
  onInput: (input: Input) => void;
}

function inputOf(execution: Execution | undefined): Input {
  const input: unknown = execution?.input_data;
  return typeof input === 'object' && input !== null ? (input as Input) : {};
}

export function RunForm({ workflow, earlier, onInput }: Props) {
  const navigate = useNavigate();
  const fields = useMemo(() => fieldsOfWorkflow(workflow), [workflow]);
  const defaults = useMemo(
    () => Object.fromEntries(fields.map((field) => [field.name, initial(field, inputOf(earlier))])),
    [fields, earlier],
  );
  const { control, handleSubmit, watch, getValues, setError, formState } = useForm<Values, unknown, Input>({
    defaultValues: defaults,
    resolver: resolver(fields),
    mode: 'onTouched',
  });
  const [later, setLater] = useState<Input>();
  // Two presses of the same form are one run.
  const [key] = useState(() => crypto.randomUUID());
  const run = useMutation({
    mutationFn: ({ input, at }: { input: Input; at?: string }) =>
      earlier !== undefined && at === undefined
        ? call(
            api.POST('/api/executions/{id}/rerun', {
              params: { path: { id: earlier.execution_id } },
              body: { input_data: input },
            }),
          )
        : call(
            api.POST('/api/workflows/execute', {
              body: {
                workflow_id: workflow.id,
                input_data: input,
                ...(at === undefined ? { idempotency_key: key } : { scheduled_at: at }),
              },
            }),
          ),
    onSuccess: (answer) => navigate({ to: '/runs/$id', params: { id: answer.execution_id } }),
    onError: (error) => {
      const name = error instanceof ProblemError ? error.field?.replace(/^input_data\./, '') : undefined;
      if (name !== undefined && name in defaults) setError(name, { message: error.message });
    },
  });
  useTold({ watch, getValues, fields, onInput });
  const submit = handleSubmit((input) => run.mutate({ input }));
  return (
    <form
      className="grid gap-4"
      noValidate
      onSubmit={submit}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) void submit();
      }}
    >
      <FormError error={run.error} />
      {fields.length === 0 && <p className="text-ui text-muted">It takes no parameters.</p>}
      {fields.map((field) => (
        <FormField key={field.name} field={field} fields={fields} control={control} />
      ))}
      <div className="flex flex-wrap items-center justify-end gap-2 border-t pt-4">
        {earlier !== undefined && (
          <p className="mr-auto text-ui text-muted">Filled in from an earlier run.</p>
        )}
        <Button disabled={!workflow.is_active} onClick={handleSubmit((input) => setLater(input))}>
          <CalendarClock aria-hidden />
          Later…
        </Button>
        <Button type="submit" look="primary" busy={run.isPending || formState.isSubmitting} disabled={!workflow.is_active}>
          {!run.isPending && <Play aria-hidden />}
          Run
        </Button>
      </div>
      <LaterDialog
        open={later !== undefined}
        onClose={() => setLater(undefined)}
        onChoose={(at) => run.mutate({ input: later ?? {}, at })}
      />
    </form>
  );
}
