/** Edits which values an integration needs, in the order in which they are shown. */
import { ArrowDown, ArrowUp, Plus, X } from 'lucide-react';
import { useRef, useState } from 'react';
import { api, call } from '@/api/client';
import type { Integration, IntegrationField } from '@/api/types';
import { useSave } from '@/lib/change';
import { problemAt } from '@/lib/forms';
import { plural } from '@/lib/format';
import { readValue, shown, TYPE_NAMES, TYPES } from '@/lib/values';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Confirm } from '@/ui/confirm';
import { CheckField, Field, Input, Select } from '@/ui/field';
import { FormError } from '@/ui/states';

/** A field while it is edited; `id` stays while its key changes. */
interface Row {
  id: number;
  key: string;
  type: IntegrationField['type'];
  required: boolean;
  fallback: string;
  description: string;
}

const rowOf = (field: IntegrationField, id: number): Row => ({
  id,
  key: field.key,
  type: field.type,
  required: field.required === true,
  fallback: shown(field.type, field.default),
  description: field.description ?? '',
});

function read(rows: readonly Row[]): { schema: IntegrationField[] } | { problems: Record<number, string> } {
  const problems: Record<number, string> = {};
  const schema = rows.map(({ id, key, type, required, fallback, description }): IntegrationField => {
    const value = type === 'secret' || fallback === '' ? undefined : readValue(type, fallback);
    if (value !== undefined && 'problem' in value) problems[id] = value.problem;
    return {
      key,
      type,
      required,
      ...(value !== undefined && 'value' in value ? { default: value.value } : {}),
      ...(description === '' ? {} : { description }),
    };
  });
  return Object.keys(problems).length > 0 ? { problems } : { schema };
}

export function SchemaForm({ integration }: { integration: Integration }) {
  const { name, config_schema, config, kept } = integration;
  const [rows, setRows] = useState(() => config_schema.map(rowOf));
  const [problems, setProblems] = useState<Record<number, string>>({});
  const [asked, setAsked] = useState<IntegrationField[]>();
  const next = useRef(config_schema.length);
  const save = useSave(
    (schema: IntegrationField[]) => call(api.PATCH('/api/integrations/{name}', { params: { path: { name } }, body: { config_schema: schema } })),
    { says: () => 'The definition is saved', again: ['integrations', 'mappings'] },
  );
  const change = (id: number, part: Partial<Row>) => setRows((old) => old.map((row) => (row.id === id ? { ...row, ...part } : row)));
  const move = (index: number, by: -1 | 1) =>
    setRows((old) => {
      const now = [...old];
      const [row] = now.splice(index, 1);
      if (row !== undefined) now.splice(index + by, 0, row);
      return now;
    });
  const add = () => {
    next.current += 1;
    setRows((old) => [...old, { id: next.current, key: '', type: 'string', required: false, fallback: '', description: '' }]);
  };
  const used = [...Object.keys(config), ...(kept?.secret_keys ?? [])];
  const lost = used.filter((key) => !rows.some((row) => row.key === key));
  const submit = () => {
    const result = read(rows);
    setProblems('problems' in result ? result.problems : {});
    if (!('schema' in result)) return;
    if (lost.length > 0) setAsked(result.schema);
    else save.mutate(result.schema);
  };
  return (
    <Card
      title="Values"
      actions={
        <Button size="small" onClick={add}>
          <Plus aria-hidden />
          Add a value
        </Button>
      }
    >
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <FormError error={save.error} />
        {rows.length === 0 && <p className="text-ui text-muted">None yet. Add the values that workflows need, such as base_url and api_key.</p>}
        <ol className="grid gap-3">
          {rows.map((row, index) => (
            <li key={row.id}>
              <fieldset className="grid gap-3 rounded-md border p-3 sm:grid-cols-2 lg:grid-cols-[minmax(0,1.2fr)_9rem_minmax(0,1fr)_minmax(0,1.6fr)_auto] lg:items-end">
                <legend className="sr-only">{row.key === '' ? `Value ${index + 1}` : row.key}</legend>
                <Field label="Key" error={row.key === '' ? undefined : problemAt(save.error, `config_schema.${row.key}`)}>
                  {(tied) => (
                    <Input
                      {...tied}
                      value={row.key}
                      required
                      pattern="[A-Za-z0-9_.\-]+"
                      title="Letters, digits, _, - and ."
                      spellCheck={false}
                      className="font-mono text-xs"
                      onChange={(event) => change(row.id, { key: event.target.value })}
                    />
                  )}
                </Field>
                <Field label="Type">
                  {(tied) => (
                    <Select {...tied} value={row.type} onChange={(event) => change(row.id, { type: TYPES.find((type) => type === event.target.value) ?? 'string' })}>
                      {TYPES.map((type) => (
                        <option key={type} value={type}>
                          {TYPE_NAMES[type]}
                        </option>
                      ))}
                    </Select>
                  )}
                </Field>
                <Field label="Default" optional error={problems[row.id]}>
                  {(tied) =>
                    row.type === 'bool' ? (
                      <Select {...tied} value={row.fallback} onChange={(event) => change(row.id, { fallback: event.target.value })}>
                        <option value="">None</option>
                        <option value="true">Yes</option>
                        <option value="false">No</option>
                      </Select>
                    ) : (
                      <Input
                        {...tied}
                        value={row.type === 'secret' ? '' : row.fallback}
                        disabled={row.type === 'secret'}
                        placeholder={row.type === 'secret' ? 'Secrets have none' : ''}
                        spellCheck={false}
                        onChange={(event) => change(row.id, { fallback: event.target.value })}
                      />
                    )
                  }
                </Field>
                <Field label="Description" optional>
                  {(tied) => <Input {...tied} value={row.description} onChange={(event) => change(row.id, { description: event.target.value })} />}
                </Field>
                <div className="flex items-center gap-1 sm:col-span-2 lg:col-span-1 lg:h-8.5">
                  <CheckField label="Required" checked={row.required} onChange={(event) => change(row.id, { required: event.target.checked })} />
                  <span className="ml-auto flex lg:ml-2">
                    <Button look="quiet" size="small" aria-label={`Move ${row.key} up`} disabled={index === 0} onClick={() => move(index, -1)}>
                      <ArrowUp aria-hidden />
                    </Button>
                    <Button look="quiet" size="small" aria-label={`Move ${row.key} down`} disabled={index === rows.length - 1} onClick={() => move(index, 1)}>
                      <ArrowDown aria-hidden />
                    </Button>
                    <Button look="quiet" size="small" aria-label={`Remove ${row.key}`} onClick={() => setRows((old) => old.filter(({ id }) => id !== row.id))}>
                      <X aria-hidden />
                    </Button>
                  </span>
                </div>
              </fieldset>
            </li>
          ))}
        </ol>
        <div className="flex justify-end">
          <Button type="submit" look="primary" busy={save.isPending}>
            Save definition
          </Button>
        </div>
      </form>
      <Confirm
        open={asked !== undefined}
        onClose={() => setAsked(undefined)}
        title="Save and lose values?"
        action="Save and lose values"
        onConfirm={() => (asked === undefined ? Promise.resolve() : save.mutateAsync(asked))}
      >
        {plural(lost.length, 'value')} would be deleted for good: {lost.join(', ')}. So would the own values of organizations for{' '}
        {lost.length === 1 ? 'it' : 'them'}.
      </Confirm>
    </Card>
  );
}
