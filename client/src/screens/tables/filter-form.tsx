/** Builds the conditions that documents have to fit. */
import { Filter, Plus, X } from 'lucide-react';
import { useState } from 'react';
import { oneOf } from '@/lib/search';
import { Button } from '@/ui/button';
import { Input, Select } from '@/ui/field';
import { OPERATOR_NAMES, OPERATORS, readRows, rowsOf, type Operator, type Row, type Where } from './filter';

interface Props {
  where: Where | undefined;
  onChange: (where: Where | undefined) => void;
}

/** What is entered for an operator. */
const HINTS: Partial<Record<Operator, string>> = { in: 'open, done', has_key: 'a key, or true', starts_with: 'a text', ends_with: 'a text' };

export function FilterForm({ where, onChange }: Props) {
  const [rows, setRows] = useState(() => rowsOf(where));
  const [problems, setProblems] = useState<Record<number, string>>({});
  const change = (index: number, part: Partial<Row>) => setRows(rows.map((row, at) => (at === index ? { ...row, ...part } : row)));
  const apply = (now: Row[]) => {
    const result = readRows(now);
    setProblems('problems' in result ? result.problems : {});
    if ('where' in result) onChange(result.where);
  };
  const remove = (index: number) => {
    const now = rows.filter((_, at) => at !== index);
    setRows(now);
    // What was only being entered changes nothing.
    if (now.length === 0 || where !== undefined) apply(now);
  };
  const add = (
    <Button size={rows.length === 0 ? 'normal' : 'small'} onClick={() => setRows([...rows, { field: '', operator: 'eq', value: '' }])}>
      {rows.length === 0 ? <Filter aria-hidden /> : <Plus aria-hidden />}
      {rows.length === 0 ? 'Filter' : 'And'}
    </Button>
  );
  if (rows.length === 0) return <div>{add}</div>;
  return (
    <form
      aria-label="Conditions"
      className="grid gap-2 rounded-lg border bg-surface p-3 shadow-card"
      onSubmit={(event) => {
        event.preventDefault();
        apply(rows);
      }}
    >
      {rows.map((row, index) => (
        <div key={index} className="grid gap-1">
          <div className="flex flex-wrap gap-1.5">
            <Input
              aria-label={`Field, condition ${index + 1}`}
              value={row.field}
              placeholder="status or address.city"
              spellCheck={false}
              autoFocus={row.field === ''}
              className="min-w-32 flex-1 font-mono text-xs sm:max-w-72"
              onChange={(event) => change(index, { field: event.target.value })}
            />
            <Select
              aria-label={`Operator, condition ${index + 1}`}
              value={row.operator}
              className="w-36"
              onChange={(event) => {
                const operator = oneOf(OPERATOR_NAMES, event.target.value) ?? 'eq';
                change(index, { operator, ...(operator === 'is_null' ? { value: 'true' } : {}) });
              }}
            >
              {OPERATOR_NAMES.map((name) => (
                <option key={name} value={name}>
                  {OPERATORS[name]}
                </option>
              ))}
            </Select>
            {row.operator === 'is_null' ? (
              <Select aria-label={`Value, condition ${index + 1}`} value={row.value} className="w-28" onChange={(event) => change(index, { value: event.target.value })}>
                <option value="true">Yes</option>
                <option value="false">No</option>
              </Select>
            ) : (
              <Input
                aria-label={`Value, condition ${index + 1}`}
                aria-invalid={problems[index] === undefined ? undefined : true}
                value={row.value}
                placeholder={HINTS[row.operator] ?? 'open, 7, true'}
                spellCheck={false}
                className="min-w-28 flex-1 font-mono text-xs"
                onChange={(event) => change(index, { value: event.target.value })}
              />
            )}
            <Button look="quiet" size="icon" aria-label={`Remove condition ${index + 1}`} onClick={() => remove(index)}>
              <X aria-hidden />
            </Button>
          </div>
          {problems[index] !== undefined && <p className="text-xs text-bad">{problems[index]}</p>}
        </div>
      ))}
      <div className="flex flex-wrap items-center gap-2">
        {add}
        <span className="text-xs text-muted max-sm:hidden">Numbers, true and “quoted” texts are read as JSON, anything else as text.</span>
        <Button
          size="small"
          look="quiet"
          className="ml-auto"
          onClick={() => {
            setRows([]);
            apply([]);
          }}
        >
          Clear
        </Button>
        <Button type="submit" size="small" look="primary">
          Apply
        </Button>
      </div>
    </form>
  );
}
