/** One entry of the audit log; it opens. */
import { ChevronRight } from 'lucide-react';
import { useId, useState } from 'react';
import type { AuditEntry } from '@/api/types';
import { cn } from '@/lib/cn';
import { Badge, type Tone } from '@/ui/badge';
import { JsonTree } from '@/ui/json-tree';
import { Ago } from '@/ui/time';
import { actionWords } from './actions';
import { changesOf, type Change } from './changes';
import { Target } from './target';

const OUTCOMES: Record<AuditEntry['outcome'], { word: string; tone: Tone }> = {
  done: { word: 'Done', tone: 'good' },
  denied: { word: 'Denied', tone: 'warn' },
  failed: { word: 'Failed', tone: 'bad' },
};

export function Entry({ entry }: { entry: AuditEntry }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  const { word, tone } = OUTCOMES[entry.outcome];
  return (
    <li>
      <div className="relative grid grid-cols-[1rem_minmax(0,1fr)_auto] gap-x-3 gap-y-1 px-4 py-2.5 text-ui hover:bg-hover/60 sm:grid-cols-[1rem_3.5rem_minmax(0,1fr)_auto]">
        <ChevronRight className={cn('mt-0.5 size-4 text-faint transition-transform', open && 'rotate-90')} aria-hidden />
        <Badge tone={tone} className="justify-self-start max-sm:col-start-2 max-sm:row-start-2 sm:self-start">
          {word}
        </Badge>
        <div className="grid min-w-0 gap-0.5 max-sm:col-start-2 max-sm:row-start-1">
          <div className="flex flex-wrap items-baseline gap-x-2">
            <button
              type="button"
              aria-expanded={open}
              aria-controls={open ? id : undefined}
              onClick={() => setOpen(!open)}
              className="min-h-6 text-left font-medium after:absolute after:inset-0"
            >
              {actionWords(entry)}
            </button>
            <code className="font-mono text-2xs break-all text-muted">{entry.action}</code>
          </div>
          <p className="min-w-0 text-xs break-words text-muted">
            {entry.target != null && (
              <>
                <Target target={entry.target} entry={entry} />
                {' · '}
              </>
            )}
            {entry.actor.name}
            {entry.actor.address != null && ` · ${entry.actor.address}`}
          </p>
        </div>
        <Ago at={entry.at} className="relative z-10 self-start whitespace-nowrap text-muted" />
      </div>
      {open && (
        <div id={id} className="grid gap-3 border-t bg-sunken px-4 py-3">
          <Changes changes={changesOf(entry.details)} />
          <details>
            <summary className="w-fit cursor-pointer py-1 text-xs font-medium text-muted hover:text-ink">Technical details</summary>
            <div className="mt-2">
              <JsonTree value={{ sequence: entry.sequence, target: entry.target, details: entry.details, actor: entry.actor, hash: entry.hash }} />
            </div>
          </details>
        </div>
      )}
    </li>
  );
}

function Changes({ changes }: { changes: Change[] }) {
  if (changes.length === 0) return null;
  const hasBefore = changes.some(({ before }) => before !== undefined);
  const heading = 'pb-1 pr-4 text-left text-xs font-medium text-muted';
  const cell = 'py-1 pr-4 align-top';
  return (
    <table className="w-full max-w-3xl text-ui">
      <caption className="sr-only">What the entry says</caption>
      <thead>
        <tr>
          <th scope="col" className={heading}>
            Name
          </th>
          {hasBefore && (
            <th scope="col" className={heading}>
              Before
            </th>
          )}
          <th scope="col" className={heading}>
            {hasBefore ? 'After' : 'Value'}
          </th>
        </tr>
      </thead>
      <tbody>
        {changes.map(({ name, before, after }) => (
          <tr key={name} className="border-t">
            <th scope="row" className={cn(cell, 'text-left font-normal text-muted')}>
              {name}
            </th>
            {hasBefore && <td className={cn(cell, 'break-words [overflow-wrap:anywhere]')}>{before ?? ''}</td>}
            <td className={cn(cell, 'break-words [overflow-wrap:anywhere]')}>{after}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
