/** JSON as people read it: names and values, tables, lists. */
import { memo, useMemo, useState } from 'react';
import { cn } from '@/lib/cn';
import { plural } from '@/lib/format';
import { useGradually } from '@/lib/hooks';
import { asTable, cell, isPlain, words } from '@/lib/table';
import { Button } from '@/ui/button';
import { JsonTree } from '@/ui/json-tree';

/** Rows of a table that are shown at once. */
const PART = 200;
/** So many come first. */
const FIRST = 12;
const FIRST_MEMBERS = 4;
/** What is no longer than this stays in one line of a table's cell. */
const SHORT = 24;
/** What is nested deeper is a tree. */
const DEPTH = 3;

const isNumeric = (value: unknown): boolean => isPlain(value) && typeof value !== 'string';

export const Pretty = memo(function Pretty({ value, depth = 0 }: { value: unknown; depth?: number }) {
  if (isPlain(value)) return <span className="break-words whitespace-pre-wrap">{cell(value)}</span>;
  if (asTable(value) !== undefined) {
    return (
      <div className="overflow-hidden rounded-md border">
        <ValueTable value={value} label="List" />
      </div>
    );
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return <span className="text-faint">none</span>;
    if (value.every(isPlain)) return <PlainList values={value} />;
    return <JsonTree value={value} />;
  }
  if (depth >= DEPTH) return <JsonTree value={value} />;
  return <Members members={Object.entries(value as object)} depth={depth} />;
});

function Members({ members, depth }: { members: [string, unknown][]; depth: number }) {
  const drawn = useGradually(members.length, FIRST_MEMBERS);
  if (members.length === 0) return <span className="text-faint">none</span>;
  const list = (
    <dl className="grid gap-x-6 gap-y-2.5 text-ui @lg:grid-cols-[minmax(8rem,14rem)_minmax(0,1fr)]">
      {members.slice(0, drawn).map(([name, member]) => (
        <div key={name} className="contents">
          <dt className="text-muted @max-lg:-mb-2">{words(name)}</dt>
          <dd className="min-w-0 tabular-nums">
            <Pretty value={member} depth={depth + 1} />
          </dd>
        </div>
      ))}
    </dl>
  );
  return depth === 0 ? <div className="@container">{list}</div> : list;
}

function PlainList({ values }: { values: unknown[] }) {
  const [shown, setShown] = useState(PART);
  return (
    <ul className="grid gap-0.5">
      {values.slice(0, shown).map((value, index) => (
        <li key={index} className="break-words">
          {cell(value)}
        </li>
      ))}
      {values.length > shown && <More rest={values.length - shown} onClick={() => setShown(shown + PART)} />}
    </ul>
  );
}

export function ValueTable({ value, label }: { value: unknown; label: string }) {
  const [shown, setShown] = useState(PART);
  const drawn = useGradually(shown, FIRST);
  const table = useMemo(() => asTable(value), [value]);
  const right = useMemo(() => new Set(table?.columns.filter((column) => table.records.every((record) => isNumeric(record[column])))), [table]);
  if (table === undefined) return null;
  return (
    <div className="max-h-[70vh] overflow-auto focus-visible:-outline-offset-2" tabIndex={0} role="region" aria-label={label}>
      <table className="w-full text-ui">
        <thead className="sticky top-0 bg-surface shadow-[0_1px_0_var(--line)]">
          <tr>
            {table.columns.map((column) => (
              <th
                key={column}
                scope="col"
                className={cn('h-9 px-4 base:text-left text-xs font-medium whitespace-nowrap text-muted', right.has(column) && 'text-right')}
              >
                {words(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody className="divide-y">
          {table.records.slice(0, drawn).map((record, index) => (
            <Row key={index} record={record} columns={table.columns} right={right} />
          ))}
        </tbody>
      </table>
      {table.records.length > shown && (
        <div className="p-3">
          <More rest={table.records.length - shown} onClick={() => setShown(shown + PART)} />
        </div>
      )}
    </div>
  );
}

interface RowProps {
  record: Record<string, unknown>;
  columns: string[];
  right: Set<string>;
}

const Row = memo(function Row({ record, columns, right }: RowProps) {
  return (
    <tr className="hover:bg-hover/60">
      {columns.map((column) => {
        const text = cell(record[column]);
        return (
          <td
            key={column}
            className={cn(
              'max-w-96 px-4 py-1.5 tabular-nums',
              text.length > SHORT ? 'min-w-40 break-words' : 'whitespace-nowrap',
              right.has(column) && 'text-right',
            )}
          >
            {text}
          </td>
        );
      })}
    </tr>
  );
});

const More = ({ rest, onClick }: { rest: number; onClick: () => void }) => (
  <Button size="small" onClick={onClick}>
    {plural(rest, 'more row', 'more rows')}
  </Button>
);
