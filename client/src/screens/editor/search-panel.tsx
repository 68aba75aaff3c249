/** Search across all files, with each line that fits. */
import { CaseSensitive, Regex, Search, WholeWord } from 'lucide-react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { count, plural } from '@/lib/format';
import { useCalm } from '@/lib/hooks';
import { Button } from '@/ui/button';
import { SearchBox } from '@/ui/search-box';
import { Empty, Failure } from '@/ui/states';
import { Tip } from '@/ui/tip';
import type { Hit } from './find';
import { folderOf, nameOf } from './paths';
import type { Answer, Task } from './search-worker';
import type { Editor } from './use-editor';

const route = getRouteApi('/app/code/edit');

/** Longest that a search may take, in milliseconds: some patterns take for ever. */
const LONGEST = 5_000;

/** A pause of typing in a file after which it is searched again, in milliseconds. */
const PAUSE = 500;

const HOW = [
  { letter: 'c', label: 'Match case', icon: CaseSensitive },
  { letter: 'w', label: 'Whole word', icon: WholeWord },
  { letter: 'r', label: 'Regular expression', icon: Regex },
];

export function SearchPanel({ editor }: { editor: Editor }) {
  const { q, how = '' } = route.useSearch();
  const navigate = route.useNavigate();
  const { answer, error } = useSearch(editor, q, how);
  const set = (change: { q?: string | undefined; how?: string | undefined }) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace: true, resetScroll: false });
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
          <p role="status" className="ml-auto truncate text-xs text-muted">
            {answer !== undefined && 'hits' in answer && q !== undefined && summary(answer)}
          </p>
        </div>
      </div>
      <div className="min-h-0 flex-1 overflow-y-auto">
        {error !== undefined && <Failure error={error} />}
        {answer !== undefined && 'problem' in answer && <p className="p-3 text-ui text-bad">{answer.problem}</p>}
        {q === undefined ? (
          <Empty icon={Search} title="Search in all files">
            Press Ctrl P to open a file by a few letters of its name.
          </Empty>
        ) : (
          answer !== undefined &&
          'hits' in answer &&
          (answer.hits.length === 0 ? <Empty icon={Search} title="Nothing fits" /> : <Hits hits={answer.hits} />)
        )}
      </div>
    </>
  );
}

const summary = ({ hits, files, isMore }: { hits: Hit[]; files: number; isMore: boolean }): string =>
  isMore ? `The first ${count(hits.length)} lines` : `${plural(hits.length, 'line')} in ${plural(files, 'file')}`;

function Hits({ hits }: { hits: Hit[] }) {
  const byFile = new Map<string, Hit[]>();
  for (const hit of hits) byFile.set(hit.path, [...(byFile.get(hit.path) ?? []), hit]);
  return (
    <ul aria-label="Found" className="p-1.5">
      {[...byFile].map(([path, lines]) => (
        <li key={path} className="[contain-intrinsic-size:auto_6rem] [content-visibility:auto]">
          <p title={path} className="truncate px-1.5 pt-2 pb-0.5 text-xs font-medium">
            {nameOf(path)} <span className="font-normal text-faint">{folderOf(path)}</span>
          </p>
          <ul>
            {lines.map(({ line, text, from, to }) => (
              <li key={line}>
                <Link
                  from="/code/edit"
                  to="/code/edit"
                  search={(old) => ({ ...old, path, line })}
                  className="flex gap-2 rounded px-1.5 py-0.5 font-mono text-xs text-muted hover:bg-hover hover:text-ink"
                >
                  <span className="w-[4ch] shrink-0 text-right text-faint tabular-nums">{line}</span>
                  <span className="truncate whitespace-pre">
                    {text.slice(0, from)}
                    <mark className="rounded-xs bg-warn-soft text-ink">{text.slice(from, to)}</mark>
                    {text.slice(to)}
                  </span>
                </Link>
              </li>
            ))}
          </ul>
        </li>
      ))}
    </ul>
  );
}

/** Searches again when the question or the files change. */
function useSearch(editor: Editor, q: string | undefined, how: string): { answer: Answer | undefined; error: unknown } {
  const [answer, setAnswer] = useState<Answer>();
  const [error, setError] = useState<unknown>();
  const { version } = editor;
  const edits = useCalm(editor.edits, PAUSE);
  useEffect(() => {
    setError(undefined);
    if (q === undefined) return setAnswer(undefined);
    const question = {
      text: q,
      matchCase: how.includes('c'),
      wholeWord: how.includes('w'),
      isRegex: how.includes('r'),
    };
    const abort = new AbortController();
    editor
      .texts()
      .then((files) => searched({ files, question }, abort.signal))
      .then(setAnswer)
      .catch((problem: unknown) => !abort.signal.aborted && setError(problem));
    return () => abort.abort();
    // The editor is another object with each change of anything; these are what a search is about.
  }, [q, how, edits, version, editor.store]);
  return { answer, error };
}

function searched(task: Task, signal: AbortSignal): Promise<Answer> {
  signal.throwIfAborted();
  const worker = new Worker(new URL('./search-worker.ts', import.meta.url), { type: 'module' });
  return new Promise<Answer>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new DOMException('another search has begun', 'AbortError')));
    setTimeout(() => resolve({ problem: 'This takes too long; write a narrower pattern.' }), LONGEST);
    worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
    worker.onerror = () => reject(new Error('the search could not be begun; load the page again'));
    worker.postMessage(task);
  }).finally(() => worker.terminate());
}

