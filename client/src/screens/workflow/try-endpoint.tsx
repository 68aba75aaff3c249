/** Calls an endpoint from this page, as another system would, and shows its answer. */
import { useMutation } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Send } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import type { Endpoint, Workflow } from '@/api/types';
import { bodyText, headerOf, problemIn, send, SHOWN, type Answer } from '@/lib/answer';
import { endpointRequest } from '@/lib/commands';
import { count } from '@/lib/format';
import { fieldsOfWorkflow } from '@/lib/parameters';
import { duration } from '@/lib/time';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { CopyButton } from '@/ui/copy';
import { Field, Input, Select } from '@/ui/field';
import { Notice } from '@/ui/notice';
import { FormError } from '@/ui/states';
import { ParametersForm, type Input as Parameters, type ParametersHandle } from './parameters-form';

interface Props {
  endpoint: Endpoint;
  workflow: Workflow;
  address: string;
  /** What the fields hold at first. */
  input: Parameters;
  /** The command beside it is for the same method and input. */
  method: Method;
  onMethod: (method: Method) => void;
  onInput: (input: Parameters) => void;
}

type Method = Endpoint['methods'][number];

export default function TryEndpoint({ endpoint, workflow, address, input, method, onMethod, onInput }: Props) {
  const fields = useMemo(() => fieldsOfWorkflow(workflow), [workflow]);
  const [begun] = useState(input);
  const [key, setKey] = useState('');
  const parameters = useRef<ParametersHandle>(null);
  const called = useMutation({
    mutationFn: (filled: Parameters) => {
      const { url, body } = endpointRequest({ method, address, input: filled });
      const headers = {
        ...(key === '' ? {} : { 'X-Bifrost-Key': key }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      };
      return send(url, { method, headers, ...(body === undefined ? {} : { body }) });
    },
  });
  const submit = async () => {
    const filled = await parameters.current?.read();
    if (filled !== undefined) called.mutate(filled);
  };
  return (
    <div className="grid gap-4 border-t pt-3">
      <form
        aria-label={`Try ${endpoint.slug}`}
        className="grid gap-4"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <div className="grid gap-4 sm:grid-cols-2">
          {endpoint.methods.length > 1 && (
            <Field label="Method">
              {(tied) => (
                <Select {...tied} value={method} onChange={(event) => onMethod(endpoint.methods.find((one) => one === event.target.value) ?? method)}>
                  {endpoint.methods.map((one) => (
                    <option key={one}>{one}</option>
                  ))}
                </Select>
              )}
            </Field>
          )}
          {!endpoint.public && (
            <Field label="Key" help="An API key whose holder may run the workflow. It is sent with this call and stored nowhere.">
              {(tied) => <Input {...tied} value={key} type="password" autoComplete="off" spellCheck={false} onChange={(event) => setKey(event.target.value)} />}
            </Field>
          )}
        </div>
        <ParametersForm ref={parameters} fields={fields} input={begun} onInput={onInput} />
        <FormError error={called.error} />
        <div className="flex flex-wrap items-center justify-end gap-3">
          <p className="mr-auto text-xs text-muted">This really runs the workflow, and counts as a call.</p>
          <Button type="submit" look="primary" busy={called.isPending} disabled={!endpoint.public && key === ''}>
            {!called.isPending && <Send aria-hidden />}
            Call endpoint
          </Button>
        </div>
      </form>
      {called.data !== undefined && <Shown answer={called.data} />}
    </div>
  );
}

function Shown({ answer }: { answer: Answer }) {
  const { status, took, headers, body } = answer;
  const problem = problemIn(answer);
  const run = headerOf(answer, 'x-bifrost-execution');
  const text = bodyText(answer);
  return (
    <section aria-label="Answer" className="grid gap-3">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-ui">
        <p role="status" className="flex items-center gap-2">
          <Badge tone={toneOf(status)}>{status}</Badge>
          <span className="text-muted">after {duration(Math.round(took))}</span>
        </p>
        {run !== undefined && (
          <Link to="/runs/$id" params={{ id: run }} className="text-accent-text hover:underline">
            Its run
          </Link>
        )}
      </div>
      {problem !== undefined && (
        <Notice tone="bad">
          <p>{problem.title}</p>
          {problem.advice !== undefined && <p className="text-muted">{problem.advice}</p>}
        </Notice>
      )}
      <div className="grid gap-1.5">
        <div className="flex items-center gap-2">
          <h3 className="text-ui font-medium">Body</h3>
          {body !== '' && <CopyButton text={body} label="Copy the body" />}
        </div>
        {text === '' ? (
          <p className="text-ui text-muted">The body is empty.</p>
        ) : (
          <pre role="region" tabIndex={0} aria-label="Body of the answer" className="max-h-96 overflow-auto rounded-md border bg-sunken p-3 font-mono text-xs break-words whitespace-pre-wrap">
            {text}
          </pre>
        )}
        {body.length > SHOWN && <p className="text-xs text-muted">Only the first {count(SHOWN)} characters are shown.</p>}
      </div>
      <details>
        <summary className="cursor-pointer rounded text-ui text-muted hover:text-ink">Headers ({headers.length})</summary>
        <dl className="grid gap-x-4 gap-y-1 pt-2 text-xs sm:grid-cols-[auto_minmax(0,1fr)]">
          {headers.map(([name, value]) => (
            <div key={name} className="contents">
              <dt className="font-mono text-muted">{name}</dt>
              <dd className="font-mono break-all">{value}</dd>
            </div>
          ))}
        </dl>
      </details>
    </section>
  );
}

function toneOf(status: number): 'good' | 'info' | 'warn' | 'bad' {
  if (status === 202) return 'info';
  if (status < 300) return 'good';
  return status < 400 ? 'warn' : 'bad';
}
