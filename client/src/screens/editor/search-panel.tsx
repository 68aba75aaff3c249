/** Search across all files, with each line that fits, and replacing in them. */
import { CaseSensitive, Regex, Replace, Search, SearchX, WholeWord } from 'lucide-react';
import { getRouteApi } from '@tanstack/react-router';
import { useEffect, useMemo, useState } from 'react';
import { count, plural } from '@/lib/format';
import { useCalm } from '@/lib/hooks';
import { Button } from '@/ui/button';
import { NothingFits } from '@/ui/nothing-fits';
import { SearchBox } from '@/ui/search-box';
import { Empty, Failure } from '@/ui/states';
import { Tip } from '@/ui/tip';
import type { Found, Question } from './find';
import { ReplaceBar } from './replace-bar';
import { Hits } from './search-hits';
import type { Refused } from './search-worker';
import { searched } from './searching';
import type { Editor } from './use-editor';
import { useReplace } from './use-replace';

const route = getRouteApi('/app/code/edit');

/** A pause of typing in a file after which it is searched again, in milliseconds. */
const PAUSE = 500;

const HOW = [
  { letter: 'c', label: 'Match case', icon: CaseSensitive },
  { letter: 'w', label: 'Whole word', icon: WholeWord },
  { letter: 'r', label: 'Regular expression', icon: Regex },
];

const questionOf = (text: string, how: string): Question => ({
  text,
  matchCase: how.includes('c'),
  wholeWord: how.includes('w'),
  isRegex: how.includes('r'),
});

export function SearchPanel({ editor }: { editor: Editor }) {
  const { q, how = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const { answer, error } = useSearch(editor, q, how);
  // What comes in place of it; while nothing is replaced, nothing.
  const [text, setText] = useState<string>();
  const replacing = useReplace(editor, q === undefined ? undefined : questionOf(q, how), text ?? '');
  const set = (change: { q?: string | undefined; how?: string | undefined }) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace: true, resetScroll: false });
  const found = q !== undefined && answer !== undefined && 'hits' in answer ? answer : undefined;
  const own = useMemo(() => new Set(editor.own), [editor.own]);
  return (
    <>
      <div className="grid gap-1.5 border-b p-2">
        <SearchBox label="Search in all files" value={q} placeholder="In all files…" onChange={(now) => set({ q: now })} />
        <div role="group" aria-label="How to search" className="flex items-center gap-1">
          {HOW.map(({ letter, label, icon: Icon }) => {
            const isOn = how.includes(letter);
            const now = isOn ? how.replace(letter, '') : how + letter;
            return (
              <Tip key={letter} text={label}>
                <Button
                  size="small"
                  look={isOn ? 'plain' : 'quiet'}
                  aria-label={label}
                  aria-pressed={isOn}
                  onClick={() => set({ how: now === '' ? undefined : now })}
                >
                  <Icon aria-hidden />
                </Button>
              </Tip>
            );
          })}
          {editor.mayEdit && (
            <Tip text="Replace">
              <Button
                size="small"
                look={text === undefined ? 'quiet' : 'plain'}
                aria-label="Replace"
                aria-pressed={text !== undefined}
                onClick={() => setText(text === undefined ? '' : undefined)}
              >
                <Replace aria-hidden />
              </Button>
            </Tip>
          )}
          <p role="status" className="ml-auto truncate text-xs text-muted">
            {found !== undefined && summary(found)}
          </p>
        </div>
        {text !== undefined && (
          <ReplaceBar text={text} onText={setText} isRegex={how.includes('r')} isFound={found !== undefined && found.hits.length > 0} replacing={replacing} />
        )}
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto">
        {error !== undefined && <Failure error={error} />}
        {answer !== undefined && 'problem' in answer && <p className="p-3 text-ui text-bad">{answer.problem}</p>}
        {q === undefined && (
          <Empty icon={Search} title="Search in all files">
            Press Ctrl P to open a file by a few letters of its name.
          </Empty>
        )}
        {found !== undefined &&
          (found.hits.length === 0 ? (
            <NothingFits icon={SearchX} onClear={() => set({ q: undefined, how: undefined })} />
          ) : (
            <Hits hits={found.hits} onReplace={text === undefined ? undefined : replacing.within} isOwn={(path) => own.has(path)} />
          ))}
      </div>
    </>
  );
}

const summary = ({ hits, files, isMore }: Found): string =>
  isMore ? `The first ${count(hits.length)} lines` : `${plural(hits.length, 'line')} in ${plural(files, 'file')}`;

/** Searches again when the question or the files change. */
function useSearch(editor: Editor, q: string | undefined, how: string): { answer: Found | Refused | undefined; error: unknown } {
  const [answer, setAnswer] = useState<Found | Refused>();
  const [error, setError] = useState<unknown>();
  const { version } = editor;
  const edits = useCalm(editor.edits, PAUSE);
  useEffect(() => {
    setError(undefined);
    if (q === undefined) return setAnswer(undefined);
    const abort = new AbortController();
    editor
      .texts()
      .then((files) => searched(files, questionOf(q, how), abort.signal))
      .then(setAnswer)
      .catch((problem: unknown) => !abort.signal.aborted && setError(problem));
    return () => abort.abort();
    // The editor is another object with each change of anything; these are what a search is about.
  }, [q, how, edits, version, editor.store]);
  return { answer, error };
}
