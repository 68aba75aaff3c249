/** JSON as a tree that opens; long lists show a part at a time. */
import { ChevronRight } from 'lucide-react';
import { useState } from 'react';
import { cn } from '@/lib/cn';
import { plural } from '@/lib/format';

/** Members shown at once. */
const PART = 100;
/** What is open from the beginning. */
const OPEN_LEVELS = 2;

type Members = [string, unknown][];

const membersOf = (value: unknown): Members | undefined =>
  typeof value === 'object' && value !== null ? Object.entries(value) : undefined;

export function JsonTree({ value }: { value: unknown }) {
  return (
    <div className="overflow-x-auto font-mono text-xs leading-5">
      <Node value={value} level={0} />
    </div>
  );
}

function Node({ name, value, level }: { name?: string; value: unknown; level: number }) {
  const members = membersOf(value);
  const [open, setOpen] = useState(level < OPEN_LEVELS && (members?.length ?? 0) <= PART);
  if (members === undefined || members.length === 0) {
    return (
      <div className="pl-4.5 whitespace-pre-wrap">
        {name !== undefined && <Name name={name} />}
        <Leaf value={value} />
      </div>
    );
  }
  const summary = Array.isArray(value) ? `[${plural(members.length, 'item')}]` : `{${plural(members.length, 'member')}}`;
  return (
    <div>
      <button
        type="button"
        aria-expanded={open}
        onClick={() => setOpen(!open)}
        className="flex min-h-6 items-center gap-0.5 rounded text-left hover:bg-hover"
      >
        <ChevronRight className={cn('size-4 text-faint transition-transform', open && 'rotate-90')} aria-hidden />
        {name !== undefined && <Name name={name} />}
        <span className="text-faint">{summary}</span>
      </button>
      {open && <Children members={members} level={level + 1} />}
    </div>
  );
}

function Children({ members, level }: { members: Members; level: number }) {
  const [shown, setShown] = useState(PART);
  return (
    <div className="ml-2 border-l pl-2">
      {members.slice(0, shown).map(([name, value]) => (
        <Node key={name} name={name} value={value} level={level} />
      ))}
      {shown < members.length && (
        <button
          type="button"
          onClick={() => setShown(shown + PART)}
          className="ml-4.5 rounded text-accent-text hover:underline"
        >
          {`${members.length - shown} more`}
        </button>
      )}
    </div>
  );
}

const Name = ({ name }: { name: string }) => <span className="text-muted">{name}: </span>;

function Leaf({ value }: { value: unknown }) {
  const tone = typeof value === 'string' ? 'text-good' : typeof value === 'number' ? 'text-info' : 'text-warn';
  return <span className={cn('break-words', tone)}>{JSON.stringify(value)}</span>;
}
