/** The fields of a form, each drawn again only when something of it changes. */
import { memo, useMemo, type FocusEvent } from 'react';
import type { FormField, FormOption } from '@/api/forms';
import { explain } from '@/api/problem';
import type { Json } from '@/expressions';
import { labelOf } from '@/lib/form-values';
import { Button } from '@/ui/button';
import { ErrorText } from '@/ui/field-group';
import { HtmlFrame } from '@/ui/html-frame';
import { Markdown } from '@/ui/markdown';
import { Check, RadioChoice, SelectChoice, SeveralChoice } from './choice-controls';
import { FileControl } from './file-control';
import { TextControl } from './text-control';
import type { Upload } from './use-uploads';
import type { Actions, Filling } from './use-filling';

const NO_OPTIONS: FormOption[] = [];
const NO_UPLOADS: Upload[] = [];
/** Least height of HTML, in pixels. */
const LEAST = 40;

export function FormFields({ filling }: { filling: Filling }) {
  const { fields, state, options, defaults, uploads, errors, entered, actions } = filling;
  const labels = useMemo(() => new Map(fields.map((field) => [field.name, labelOf(field)])), [fields]);
  const files = useMemo(() => {
    const found = new Map<string, Upload[]>();
    for (const upload of uploads) found.set(upload.field, [...(found.get(upload.field) ?? []), upload]);
    return found;
  }, [uploads]);
  return fields.map((field) => {
    const decided = state.fields[field.name];
    const provided = options[field.name];
    const first = defaults[field.name];
    if (decided === undefined || !decided.visible) return null;
    return (
      <FieldView
        key={field.name}
        field={field}
        labels={labels}
        entered={entered[field.name]}
        required={decided.required}
        enabled={decided.enabled}
        error={errors[field.name]}
        options={provided?.options ?? field.options ?? NO_OPTIONS}
        missing={provided?.missing}
        loading={provided?.loading ?? false}
        failure={provided?.error ?? null}
        fills={decided.needs_default && first?.loading === true}
        unfilled={decided.needs_default ? (first?.error ?? null) : null}
        uploads={files.get(field.name) ?? NO_UPLOADS}
        actions={actions}
      />
    );
  });
}

interface Props {
  field: FormField;
  labels: Map<string, string>;
  entered: Json | undefined;
  required: boolean;
  enabled: boolean;
  error: string | undefined;
  options: FormOption[];
  missing: string[] | undefined;
  loading: boolean;
  failure: unknown;
  /** What is there at first is on its way. */
  fills: boolean;
  /** Why it cannot be had. */
  unfilled: unknown;
  uploads: Upload[];
  actions: Actions;
}

const FieldView = memo(function FieldView(props: Props) {
  const { field, labels, missing, loading, failure, fills, unfilled, actions } = props;
  const leave = (event: FocusEvent<HTMLDivElement>) => {
    const to = event.relatedTarget;
    // A list that opens over the page belongs to its field.
    if (to instanceof Element && (event.currentTarget.contains(to) || to.closest('[data-radix-popper-content-wrapper]'))) return;
    if (event.target instanceof Element && !event.currentTarget.contains(event.target)) return;
    actions.leave(field.name);
  };
  return (
    <div id={`field-${field.name}`} className="grid scroll-mt-20 gap-1.5" onBlur={leave}>
      <Control {...props} />
      <div role="status" className="empty:hidden">
        {loading && <p className="text-xs text-muted">Loading the choices…</p>}
        {fills && <p className="text-xs text-muted">Loading what is here at first…</p>}
        {missing !== undefined && missing.length > 0 && (
          <p className="text-xs text-muted">First fill in {inWords(namesOf(field, missing, labels))}.</p>
        )}
      </div>
      <Failure what="The choices" failure={failure} onRetry={() => actions.retry(field.name, 'options')} />
      <Failure what="What is here at first" failure={unfilled} onRetry={() => actions.retry(field.name, 'default')} />
    </div>
  );
});

function Failure({ what, failure, onRetry }: { what: string; failure: unknown; onRetry: () => void }) {
  if (failure === null) return null;
  return (
    <div className="flex flex-wrap items-center gap-2">
      <ErrorText>
        {what} could not be loaded. {explain(failure).title}
      </ErrorText>
      <Button size="small" onClick={onRetry}>
        Try again
      </Button>
    </div>
  );
}

/** Labels of the fields that inputs come from. */
function namesOf(field: FormField, inputs: string[], labels: Map<string, string>): string[] {
  const names = inputs.map((input) => {
    const from = field.data_provider_inputs?.[input];
    return from?.mode === 'fieldRef' ? `“${labels.get(from.field_name) ?? from.field_name}”` : `what “${input}” depends on`;
  });
  return [...new Set(names)];
}

const list = new Intl.ListFormat('en', { type: 'conjunction' });
const inWords = (names: string[]): string => list.format(names);

/** What all controls get. */
export interface ControlProps {
  field: FormField;
  entered: Json | undefined;
  error: string | undefined;
  optional: boolean;
  required: boolean;
  disabled: boolean;
  actions: Actions;
}

/** What those get that have options. */
export interface ChoiceProps extends ControlProps {
  options: FormOption[];
  /** They are on their way, depend on what is not filled in, or cannot be had. */
  waits: 'loading' | 'missing' | 'failed' | undefined;
}

function Control({ field, enabled, required, options, loading, missing, failure, uploads, entered, error, actions }: Props) {
  const waits = loading ? 'loading' : failure !== null ? 'failed' : (missing?.length ?? 0) > 0 ? 'missing' : undefined;
  const common = { entered, error, actions, field, required, optional: !required, disabled: !enabled };
  const choice: ChoiceProps = { ...common, options, waits, disabled: !enabled || waits !== undefined };
  switch (field.type) {
    case 'markdown':
      return <Markdown text={field.content ?? ''} />;
    case 'html':
      return (
        <div className="overflow-hidden rounded-md border">
          <HtmlFrame html={field.content ?? ''} title={labelOf(field)} least={LEAST} />
        </div>
      );
    case 'checkbox':
      return <Check {...common} />;
    case 'select':
      return <SelectChoice {...choice} />;
    case 'radio':
      return <RadioChoice {...choice} />;
    case 'multi_select':
      return <SeveralChoice {...choice} />;
    case 'file':
      return <FileControl {...common} uploads={uploads} />;
    default:
      return <TextControl {...common} />;
  }
}
