/** Where the parameters of a workflow come from: a place in the event, or always the same. */
import { Plus, X } from 'lucide-react';
import type { Field } from '@/lib/parameters';
import { FieldInput } from '@/screens/workflow/form-field';
import { Button } from '@/ui/button';
import { Input, Select } from '@/ui/field';
import { enteredIn, rowProblem, type MappingRow } from './conditions';
import { replaced, type RowsProps } from './rows';

interface Props extends RowsProps<MappingRow> {
  /** Of the workflow; parameters beside them are for functions that take anything. */
  fields: readonly Field[];
}

export function MappingRows({ rows, onChange, fields, tried }: Props) {
  const constants = rows.flatMap((row) => {
    const field = row.from === 'value' ? fields.find(({ name }) => name === row.name) : undefined;
    return field === undefined ? [] : [{ field, entered: enteredIn(row, field) }];
  });
  const always = constants.map(({ field }) => field);
  const values = Object.fromEntries(constants.map(({ field, entered }) => [field.name, entered]));
  return (
    <fieldset className="grid gap-2 border-t pt-4">
      <legend className="sr-only">With these parameters</legend>
      <p className="text-ui font-medium">With these parameters</p>
      <p className="text-xs text-muted">
        Each is taken from a place in the event, such as <code className="font-mono">/data/issue/number</code>, or is always the same.
      </p>
      {rows.map((row, index) => {
        const field = fields.find(({ name }) => name === row.name);
        const name = row.name || String(index + 1);
        const problem = tried || row.entered !== undefined ? rowProblem(row, fields) : undefined;
        const set = (part: Partial<MappingRow>) => onChange(replaced(rows, index, part));
        const isConstant = row.from === 'value' && field !== undefined;
        return (
          <div key={index} className="grid gap-1.5">
            <div className="flex flex-wrap gap-1.5">
              <Input
                aria-label={`Parameter ${index + 1}`}
                value={row.name}
                readOnly={field !== undefined}
                spellCheck={false}
                className="min-w-24 flex-1 font-mono text-xs"
                onChange={(event) => set({ name: event.target.value })}
              />
              <Select
                aria-label={`Source of parameter ${name}`}
                value={row.from}
                className="w-32"
                onChange={(event) => set({ from: event.target.value === 'value' ? 'value' : 'event', text: '', entered: undefined })}
              >
                <option value="event">from event</option>
                <option value="value">always</option>
              </Select>
              {!isConstant && (
                <Input
                  aria-label={`${row.from === 'event' ? 'Place in the event' : 'Value'} for parameter ${name}`}
                  aria-invalid={problem === undefined ? undefined : true}
                  value={row.text}
                  placeholder={row.from === 'event' ? `/data/${row.name}` : 'text, or JSON such as 7'}
                  spellCheck={false}
                  className="min-w-32 flex-[2] font-mono text-xs"
                  onChange={(event) => set({ text: event.target.value })}
                />
              )}
              <Button
                look="quiet"
                size="icon"
                aria-label={`Remove parameter ${name}`}
                className="ml-auto"
                disabled={field !== undefined && row.text === '' && !isConstant}
                onClick={() => onChange(rows.filter((_, at) => at !== index))}
              >
                <X aria-hidden />
              </Button>
            </div>
            {isConstant ? (
              <div className="border-l-2 pl-3">
                <FieldInput field={field} fields={always} values={values} value={values[field.name]} error={problem} onChange={(entered) => set({ entered })} />
              </div>
            ) : (
              problem !== undefined && <p className="text-xs text-bad">{problem}</p>
            )}
          </div>
        );
      })}
      <div>
        <Button size="small" onClick={() => onChange([...rows, { name: '', from: 'event', text: '' }])}>
          <Plus aria-hidden />
          Add a parameter
        </Button>
      </div>
    </fieldset>
  );
}
