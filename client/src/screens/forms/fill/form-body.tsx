/** The fields of an opened form, and what sends them. */
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { Send } from 'lucide-react';
import { useEffect, useMemo, useRef, useState } from 'react';
import { fieldErrors, submitForm, type FormView, type OpenedForm, type Submission } from '@/api/forms';
import { ProblemError } from '@/api/problem';
import type { Evaluator } from '@/expressions';
import { startOf, type When } from '@/lib/when';
import { Button } from '@/ui/button';
import { FormError } from '@/ui/states';
import { ErrorSummary } from './error-summary';
import { FormFields } from './form-fields';
import { sessionSource } from './source';
import { useFilling } from './use-filling';
import { WhenFields } from './when-fields';

interface Props {
  form: FormView;
  opened: OpenedForm;
  evaluator: Evaluator;
  /** Begins a new session. */
  onOpenAgain: () => void;
}

export function FormBody({ form, opened, evaluator, onOpenAgain }: Props) {
  const navigate = useNavigate();
  const source = useMemo(() => sessionSource(form.id, opened.session_id), [form.id, opened.session_id]);
  const filling = useFilling({ definition: form, evaluator, source, context: opened.context, now: opened.now });
  const [when, setWhen] = useState<When>({ kind: 'now' });
  const [whenError, setWhenError] = useState<string>();
  const [attempt, setAttempt] = useState(0);
  // Two presses of the same form are one run.
  const [key] = useState(() => crypto.randomUUID());
  const sent = useRef(false);

  const send = useMutation({
    mutationFn: (submission: Submission) => submitForm(form.id, submission),
    onSuccess: (answer) => {
      sent.current = true;
      return navigate({ to: '/runs/$id', params: { id: answer.execution_id } });
    },
    onError: (error) => {
      const refused = fieldErrors(error);
      filling.refuse(refused);
      if (Object.keys(refused).length > 0) setAttempt((count) => count + 1);
    },
  });

  const submit = () => {
    const errors = filling.attempt();
    const start = startOf(when, new Date());
    const problem = 'problem' in start ? start.problem : undefined;
    setWhenError(problem);
    if (Object.keys(errors).length > 0) setAttempt((count) => count + 1);
    else if (!('problem' in start)) {
      send.mutate({ session_id: opened.session_id, values: filling.values, idempotency_key: key, ...start });
    }
  };

  const touched = Object.keys(filling.values).length > 0;
  useEffect(() => {
    if (!touched) return;
    const warn = (event: BeforeUnloadEvent) => !sent.current && event.preventDefault();
    addEventListener('beforeunload', warn);
    return () => removeEventListener('beforeunload', warn);
  }, [touched]);

  // What names no field of the form is said above it.
  const refused = fieldErrors(send.error);
  const isAtFields = filling.fields.some(({ name }) => name in refused);
  const isOver = send.error instanceof ProblemError && send.error.status === 404;
  return (
    <form
      noValidate
      className="grid gap-5 p-5"
      aria-label={form.name}
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onKeyDown={(event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit();
      }}
    >
      {!isAtFields && <FormError error={send.error} />}
      {isOver && (
        <Button
          className="justify-self-start"
          onClick={() => {
            send.reset();
            onOpenAgain();
          }}
        >
          Open it again, and keep what is filled in
        </Button>
      )}
      <ErrorSummary fields={filling.fields} errors={filling.errors} attempt={attempt} />
      {filling.fields.length === 0 && <p className="text-ui text-muted">There is nothing to fill in.</p>}
      <FormFields filling={filling} />
      <div className="flex flex-wrap items-end justify-between gap-4 border-t pt-4">
        <WhenFields when={when} error={whenError} onChange={setWhen} />
        <Button type="submit" look="primary" size="large" busy={send.isPending}>
          {!send.isPending && <Send aria-hidden />}
          {when.kind === 'now' ? 'Send' : 'Send for later'}
        </Button>
      </div>
    </form>
  );
}
