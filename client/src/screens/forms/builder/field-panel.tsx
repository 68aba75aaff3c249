/** Everything about the chosen field. */
import { ChevronRight, Copy, Trash2 } from 'lucide-react';
import { useRef, useState, type ReactNode } from 'react';
import type { FieldType, FormField } from '@/api/forms';
import { freeName, moved, MOST_FIELDS, nameFrom, nameProblem, renamed } from '@/lib/form-draft';
import { isChoice, isContent, labelOf } from '@/lib/form-values';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { CheckField, Field, Input, Select, TextArea } from '@/ui/field';
import { useBuilder, useError, workflowOf } from './builder-context';
import { ChecksPanel, FilePanel } from './checks-panel';
import { ChoicesPanel } from './choices-panel';
import { DefaultField, DefaultProviderPanel } from './default-field';
import { FIELD_TYPES, TYPE_NAMES } from './field-types';
import { RulesPanel } from './rules-panel';

/** What every part of the panel gets. */
export interface PanelProps {
  field: FormField;
  /** Where the field stands in the definition: `fields[2]`. */
  path: string;
  change: (change: Partial<FormField>) => void;
}

interface Props {
  name: string;
  onChoose: (name: string | undefined) => void;
  /** The chosen field has another name now. */
  onRename: (name: string) => void;
}

export function FieldPanel({ name, onChoose, onRename }: Props) {
  const { draft } = useBuilder();
  const { fields } = draft.form;
  const at = fields.findIndex((field) => field.name === name);
  const field = fields[at];
  if (field === undefined) return null;
  const names = fields.map((one) => one.name);
  const panel: PanelProps = { field, path: `fields[${at}]`, change: (changed) => draft.changeField(name, changed) };
  const copy = () => {
    const copied = { ...field, name: freeName(name, names) };
    draft.change((form) => ({ ...form, fields: moved([...form.fields, copied], form.fields.length, at + 1) }));
    onChoose(copied.name);
  };
  const remove = () => {
    draft.change((form) => ({ ...form, fields: form.fields.filter((one) => one.name !== name) }));
    onChoose((fields[at + 1] ?? fields[at - 1])?.name);
  };
  return (
    <Card
      id="field-panel"
      className="scroll-mt-20"
      title={
        <>
          <span className="sr-only">Field: </span>
          {labelOf(field)}
        </>
      }
      padded={false}
      actions={
        <>
          <Button look="quiet" size="small" disabled={fields.length >= MOST_FIELDS} onClick={copy}>
            <Copy aria-hidden />
            Duplicate
          </Button>
          <Button look="quiet" size="small" onClick={remove}>
            <Trash2 aria-hidden />
            Remove
          </Button>
        </>
      }
    >
      <div className="divide-y">
        <Basics {...panel} taken={names.filter((one) => one !== name)} onRename={onRename} />
        {isChoice(field) && <ChoicesPanel {...panel} />}
        {field.type === 'file' && <FilePanel {...panel} />}
        {!isContent(field) && field.type !== 'file' && <ChecksPanel {...panel} />}
        {!isContent(field) && field.type !== 'file' && <DefaultProviderPanel {...panel} />}
        <RulesPanel {...panel} />
      </div>
    </Card>
  );
}

/** A part of the panel that opens. */
export function Section({ title, isOpen, children }: { title: string; isOpen: boolean; children: ReactNode }) {
  const [first] = useState(isOpen);
  return (
    <details open={first} className="group/section px-4">
      <summary className="-mx-4 flex min-h-11 cursor-pointer items-center gap-2 px-4 text-ui font-medium hover:bg-hover/60">
        <ChevronRight className="size-4 text-muted transition-transform group-open/section:rotate-90" aria-hidden />
        {title}
      </summary>
      <div className="grid gap-4 pt-1 pb-4">{children}</div>
    </details>
  );
}

interface BasicsProps extends PanelProps {
  taken: string[];
  onRename: (name: string) => void;
}

function Basics({ field, path, change, taken, onRename }: BasicsProps) {
  const { draft } = useBuilder();
  const labelError = useError(`${path}.label`);
  const contentError = useError(`${path}.content`);
  const content = isContent(field);
  const rename = (to: string) => {
    draft.change((form) => renamed(form, field.name, to));
    onRename(to);
  };
  return (
    <div className="grid gap-4 p-4">
      <div className="grid gap-4 sm:grid-cols-2">
        {!content && (
          <LabelField field={field} taken={taken} error={labelError} onChange={(label) => change({ label })} onRename={rename} />
        )}
        <NameField name={field.name} taken={taken} onRename={rename} />
        <Field label="Type">
          {(tied) => (
            <Select {...tied} value={field.type} onChange={(event) => change(retyped(field, event.target.value as FieldType))}>
              {TYPE_NAMES.map((type) => (
                <option key={type} value={type}>
                  {FIELD_TYPES[type].label}
                </option>
              ))}
            </Select>
          )}
        </Field>
      </div>
      {content ? (
        <Field
          label={field.type === 'html' ? 'HTML' : 'Markdown'}
          help={field.type === 'html' ? 'Shown in a frame of its own, where no script runs.' : 'Headings, lists, **bold**, *italic*, `code`, [links](https://…). No HTML.'}
          error={contentError}
        >
          {(tied) => (
            <TextArea
              {...tied}
              rows={8}
              spellCheck={field.type === 'markdown'}
              className="font-mono text-xs"
              value={field.content ?? ''}
              onChange={(event) => change({ content: event.target.value })}
            />
          )}
        </Field>
      ) : (
        <>
          <CheckField
            label={field.type === 'checkbox' ? 'Must be ticked' : 'Required'}
            checked={field.required === true}
            onChange={(event) => change({ required: event.target.checked })}
          />
          <div className="grid gap-4 sm:grid-cols-2">
            <Field label="Help" optional>
              {(tied) => <Input {...tied} value={field.help_text ?? ''} onChange={(event) => change({ help_text: event.target.value })} />}
            </Field>
            {!['checkbox', 'radio', 'file', 'date', 'datetime'].includes(field.type) && (
              <Field label="Placeholder" optional>
                {(tied) => <Input {...tied} value={field.placeholder ?? ''} onChange={(event) => change({ placeholder: event.target.value })} />}
              </Field>
            )}
            {field.type !== 'file' && <DefaultField key={field.type} field={field} path={path} change={change} />}
          </div>
          {field.type !== 'file' && (
            <CheckField
              label="Can be set in the link"
              help={`A link with ?${field.name}=… fills it in.`}
              checked={field.allow_as_query_param === true}
              onChange={(event) => change({ allow_as_query_param: event.target.checked })}
            />
          )}
        </>
      )}
    </div>
  );
}

/** What is left of a field under another type. */
function retyped(field: FormField, type: FieldType): Partial<FormField> {
  const next: FormField = { ...field, type };
  const change: Partial<FormField> = { type, default_value: undefined };
  if (isContent(next)) return { ...change, content: field.content ?? '', required: false };
  change.label = field.label?.trim() || FIELD_TYPES[type].label;
  change.content = undefined;
  if (!isChoice(next)) return { ...change, options: undefined, data_provider: undefined, data_provider_inputs: undefined, auto_fill: undefined };
  const none = (field.options ?? []).length === 0 && (field.data_provider ?? '') === '';
  return none ? { ...change, options: [{ label: 'One', value: 'one' }, { label: 'Two', value: 'two' }] } : change;
}

interface LabelProps {
  field: FormField;
  taken: string[];
  error: string | undefined;
  onChange: (label: string) => void;
  onRename: (name: string) => void;
}

/** The name of a field that is new here follows from its label. */
function LabelField({ field, taken, error, onChange, onRename }: LabelProps) {
  const { draft, workflows } = useBuilder();
  const follows = useRef(false);
  const label = field.label ?? '';
  const look = () => {
    const parameters = workflowOf(workflows, draft.form.workflow)?.parameters ?? [];
    const isNew = !draft.keptNames.has(field.name) && !parameters.some(({ name }) => name === field.name);
    follows.current = isNew && new RegExp(`^${nameFrom(label)}(_\\d+)?$`).test(field.name);
  };
  const leave = () => {
    const name = freeName(nameFrom(label), taken);
    if (follows.current && name !== field.name) onRename(name);
  };
  return (
    <Field label="Label" error={error}>
      {(tied) => <Input {...tied} value={label} onFocus={look} onBlur={leave} onChange={(event) => onChange(event.target.value)} />}
    </Field>
  );
}

/** The name is changed once it is left: rules that speak of the field follow. */
function NameField({ name, taken, onRename }: { name: string; taken: string[]; onRename: (name: string) => void }) {
  const [typed, setTyped] = useState<string>();
  const entered = typed ?? name;
  const problem = nameProblem(entered, taken);
  const keep = () => {
    if (problem !== undefined) return;
    if (entered !== name) onRename(entered);
    setTyped(undefined);
  };
  return (
    <Field label="Name" help="The workflow gets the value under it; rules say fields.name." error={problem}>
      {(tied) => (
        <Input
          {...tied}
          value={entered}
          spellCheck={false}
          autoComplete="off"
          className="font-mono text-xs"
          onChange={(event) => setTyped(event.target.value)}
          onBlur={keep}
          onKeyDown={(event) => event.key === 'Enter' && keep()}
        />
      )}
    </Field>
  );
}
