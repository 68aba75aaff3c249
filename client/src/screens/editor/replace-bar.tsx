/** What comes in place of what was found: everywhere after a question, and back. */
import { ReplaceAll, Undo2 } from 'lucide-react';
import { plural } from '@/lib/format';
import { Button } from '@/ui/button';
import { Confirm } from '@/ui/confirm';
import { Input } from '@/ui/field';
import type { Replaced } from './replace';
import type { Replacing } from './use-replace';

interface Props {
  text: string;
  onText: (text: string) => void;
  /** What is replaced is a regular expression. */
  isRegex: boolean;
  /** Something was found. */
  isFound: boolean;
  replacing: Replacing;
}

/** Files that the question names. */
const NAMED = 5;

export function ReplaceBar({ text, onText, isRegex, isFound, replacing }: Props) {
  const { asked, last } = replacing;
  return (
    <div className="grid gap-1.5">
      <div className="flex items-center gap-1.5">
        <Input
          aria-label="Replace with"
          placeholder={isRegex ? 'Replace with… $1 is a group' : 'Replace with…'}
          value={text}
          spellCheck={false}
          autoComplete="off"
          onChange={(event) => onText(event.target.value)}
        />
        <Button size="icon" title="Replace all…" aria-label="Replace all…" disabled={!isFound} onClick={replacing.askForAll}>
          <ReplaceAll aria-hidden />
        </Button>
      </div>
      {last !== undefined && (
        <p role="status" className="flex items-center gap-2 text-xs text-muted">
          <span className="min-w-0 flex-1">Replaced {summary(last)}</span>
          <Button size="small" onClick={replacing.undo}>
            <Undo2 aria-hidden />
            Undo
          </Button>
        </p>
      )}
      <Confirm
        open={asked !== undefined}
        onClose={replacing.decline}
        title={asked === undefined ? '' : `Replace ${summary(asked)}?`}
        action="Replace"
        danger={false}
        onConfirm={replacing.confirm}
      >
        {asked !== undefined && (
          <>
            <p>{named(asked)}</p>
            <p>{text === '' ? 'What was found is taken out.' : `“${text}” comes in its place.`} Undo stands below the search afterwards.</p>
          </>
        )}
      </Confirm>
    </div>
  );
}

const summary = ({ matches, files }: Replaced): string => `${plural(matches, 'match', 'matches')} in ${plural(files.length, 'file')}`;

function named({ files }: Replaced): string {
  const paths = files.slice(0, NAMED).map(({ path }) => path);
  const more = files.length - paths.length;
  return `In ${paths.join(', ')}${more > 0 ? ` and ${plural(more, 'more file')}` : ''}.`;
}
