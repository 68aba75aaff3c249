/** An expression to write, with what is wrong underlined and said, and what it gives now. */
import { CircleCheck } from 'lucide-react';
import { useMemo, type ReactNode } from 'react';
import type { Diagnostic, Evaluator, Scope } from '@/expressions';
import { Field } from '@/ui/field';
import { useBuilder, useProblems } from './builder-context';

interface Props {
  label: string;
  help?: ReactNode;
  value: string | null | undefined;
  /** Where it stands in the definition. */
  path: string;
  /** Its value is true or false. */
  isCondition?: boolean;
  placeholder?: string;
  onChange: (value: string) => void;
}

/** What a source means before and with an input. */
interface Told {
  wrong: Pick<Diagnostic, 'from' | 'to' | 'message'> | undefined;
  value: string | undefined;
}

/** What a value looks like, at most. */
const MOST_SHOWN = 80;

function told(evaluator: Evaluator, source: string, names: readonly string[], scope: Scope | undefined, isCondition: boolean): Told {
  const syntax = evaluator.check(source);
  if (syntax !== null) return { wrong: syntax, value: undefined };
  const unknown = evaluator.fields(source).find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const from = Math.max(0, source.indexOf(unknown));
    return { wrong: { from, to: from + unknown.length, message: `there is no field \`${unknown}\`` }, value: undefined };
  }
  if (scope === undefined) return { wrong: undefined, value: undefined };
  const result = isCondition ? evaluator.evaluateBool(source, scope) : evaluator.evaluate(source, scope);
  if (!result.ok) return { wrong: result.error, value: undefined };
  const text = result.value === null ? 'nothing' : JSON.stringify(result.value);
  return { wrong: undefined, value: text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text };
}

export function RuleEditor({ label, help, value, path, isCondition = false, placeholder, onChange }: Props) {
  const { evaluator, draft, scope } = useBuilder();
  const source = value ?? '';
  const [reported] = useProblems(path);
  const names = useMemo(() => draft.form.fields.map(({ name }) => name), [draft.form.fields]);
  const { wrong, value: now } = useMemo(
    () => (source.trim() === '' ? { wrong: undefined, value: undefined } : told(evaluator, source, names, scope, isCondition)),
    [evaluator, source, names, scope, isCondition],
  );
  // The server looks at the whole form: what it says counts where nothing is said here.
  const fault = wrong ?? (reported === undefined ? undefined : { from: reported.from ?? 0, to: reported.to ?? source.length, message: reported.message });
  return (
    <Field label={label} optional help={help} error={fault === undefined ? undefined : said(fault, source)}>
      {(tied) => (
        <>
          <div className="grid rounded-md border border-line-strong/60 bg-surface font-mono text-xs leading-5 shadow-card has-[textarea:focus-visible]:border-accent-text has-[textarea[aria-invalid]]:border-bad dark:bg-sunken [&>*]:col-start-1 [&>*]:row-start-1 [&>*]:px-2.5 [&>*]:py-1.5 [&>*]:break-words [&>*]:whitespace-pre-wrap">
            <div aria-hidden className="pointer-events-none min-h-8 text-transparent select-none">
              {underlined(source, fault)}{' '}
            </div>
            <textarea
              {...tied}
              value={source}
              rows={1}
              spellCheck={false}
              autoComplete="off"
              autoCapitalize="off"
              placeholder={placeholder}
              onChange={(event) => onChange(event.target.value)}
              className="min-w-0 resize-none overflow-hidden bg-transparent text-ink outline-none placeholder:text-faint"
            />
          </div>
          {now !== undefined && fault === undefined && (
            <p className="flex min-w-0 items-start gap-1.5 text-xs text-muted">
              <CircleCheck className="mt-0.5 size-3.5 shrink-0 text-good" aria-hidden />
              <span className="min-w-0 break-words">
                In the preview now: <code className="font-mono">{now}</code>
              </span>
            </p>
          )}
        </>
      )}
    </Field>
  );
}

/** The message with its place. */
function said({ from, message }: { from: number; message: string }, source: string): string {
  const lines = source.slice(0, from).split('\n');
  const column = (lines.at(-1)?.length ?? 0) + 1;
  const place = lines.length > 1 ? `Line ${lines.length}, column ${column}` : `Column ${column}`;
  return `${place}: ${message}`;
}

function underlined(source: string, fault: { from: number; to: number } | undefined): ReactNode {
  if (fault === undefined) return source;
  // Where something is missing there is a place and no part: the sign before it is marked, or a room.
  const to = Math.max(fault.to, fault.from + 1);
  const from = fault.from >= source.length ? Math.max(0, source.length - 1) : fault.from;
  return (
    <>
      {source.slice(0, from)}
      <span className="underline decoration-bad decoration-wavy decoration-1 underline-offset-3">{source.slice(from, to) || ' '}</span>
      {source.slice(to)}
    </>
  );
}
