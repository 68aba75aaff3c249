/** A draft beside the code: its form, its log while it runs, what came of it. */
import { Play, Square } from 'lucide-react';
import { useEffect, useMemo, useRef, useState, type RefObject } from 'react';
import { useForm } from 'react-hook-form';
import { ProblemError } from '@/api/problem';
import { fieldsOf, initial, resolver, type Field, type Values } from '@/lib/parameters';
import { Button } from '@/ui/button';
import { Combobox } from '@/ui/combobox';
import { Empty, FormError } from '@/ui/states';
import { FormField } from '../workflow/form-field';
import { RunOutput } from './run-output';
import type { WorkflowInfo } from './symbols';
import { useDraft } from './use-draft';
import type { Editor } from './use-editor';

interface Props {
  editor: Editor;
  workflows: WorkflowInfo[];
  chosen: WorkflowInfo | undefined;
  onChoose: (id: string) => void;
  /** Counts up each time that a run is asked for from elsewhere. */
  asked: number;
  /** How many of these were begun. */
  answered: RefObject<number>;
}

export function RunPanel({ editor, workflows, chosen, onChoose, asked, answered }: Props) {
  const options = useMemo(
    () => workflows.map(({ id, name, path }) => ({ value: id, label: name, hint: path })),
    [workflows],
  );
  if (chosen === undefined) {
    return (
      <Empty icon={Play} title="There is no workflow to run">
        A function with <code className="font-mono text-xs">@workflow</code> from{' '}
        <code className="font-mono text-xs">bifrost</code> is one, once its file loads.
      </Empty>
    );
  }
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <div className="border-b p-2.5">
        <Combobox label="Workflow" options={options} value={chosen.id} onChange={onChoose} className="w-full" />
      </div>
      <Form key={chosen.id} editor={editor} workflow={chosen} asked={asked} answered={answered} />
    </div>
  );
}

/** What was entered for a workflow, while the page is open. */
const entered = new Map<string, Values>();

/** The values of a form: those from before where they are of the same kind. */
function valuesOf(fields: readonly Field[], before: Partial<Values> = {}): Values {
  const value = (field: Field) => {
    const first = initial(field);
    const old = before[field.name];
    return typeof old === typeof first && old !== undefined ? old : first;
  };
  return Object.fromEntries(fields.map((field) => [field.name, value(field)]));
}

function Form({ editor, workflow, asked, answered }: Pick<Props, 'editor' | 'asked' | 'answered'> & { workflow: WorkflowInfo }) {
  // The same parameters in another report are the same form.
  const shape = JSON.stringify(workflow.parameters);
  const fields = useMemo(() => fieldsOf(JSON.parse(shape) as WorkflowInfo['parameters']), [shape]);
  const [begun] = useState(() => valuesOf(fields, entered.get(workflow.id)));
  const { control, handleSubmit, getValues, setError, reset } = useForm<Values, unknown, Record<string, unknown>>({
    defaultValues: begun,
    resolver: resolver(fields),
    mode: 'onTouched',
  });
  // Another signature is another form, with what was entered as far as it still fits.
  const shown = useRef(fields);
  useEffect(() => {
    if (shown.current === fields) return;
    shown.current = fields;
    reset(valuesOf(fields, getValues()));
  }, [fields, reset, getValues]);
  const draft = useDraft();
  const submit = handleSubmit(async (input) => {
    entered.set(workflow.id, getValues());
    // What was typed a moment ago is in the store; the report may be older.
    await draft.run(workflow.id, editor.store.snapshot().edits, input, (problem) => {
      const name = problem instanceof ProblemError ? problem.field?.replace(/^input_data\./, '') : undefined;
      if (name !== undefined && fields.some((field) => field.name === name)) setError(name, { message: problem.message });
    });
  });
  const latest = useRef(submit);
  latest.current = submit;
  useEffect(() => {
    if (asked === answered.current) return;
    answered.current = asked;
    void latest.current();
  }, [asked, answered]);
  return (
    <div className="flex min-h-0 flex-1 flex-col overflow-y-auto">
      <form
        noValidate
        className="grid shrink-0 gap-3 border-b p-3"
        onSubmit={(event) => void submit(event)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          event.stopPropagation();
          void submit();
        }}
      >
        <FormError error={draft.error} />
        {fields.length === 0 && <p className="text-ui text-muted">It takes no parameters.</p>}
        {fields.map((field) => (
          <FormField key={field.name} field={field} fields={fields} control={control} />
        ))}
        <div className="flex items-center gap-2">
          <p className="text-xs text-muted">Runs what is in the editor. Nothing is deployed.</p>
          {draft.isRunning ? (
            // As the same element it would become the one that submits while it is pressed, and run again.
            <Button key="stop" look="danger" className="ml-auto" onClick={draft.stop}>
              <Square aria-hidden />
              Stop
            </Button>
          ) : (
            <Button key="run" type="submit" look="primary" className="ml-auto" title="Ctrl Enter">
              <Play aria-hidden />
              Run
            </Button>
          )}
        </div>
      </form>
      <RunOutput draft={draft} />
    </div>
  );
}
