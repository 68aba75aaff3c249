/** Files on their way to the server: one after the other, each with its progress. */
import { useQueryClient } from '@tanstack/react-query';
import { CircleCheck, CircleX, LoaderCircle, X } from 'lucide-react';
import { useCallback, useRef, useState } from 'react';
import { explain } from '@/api/problem';
import { bytes } from '@/lib/format';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { safeName } from './entries';
import { MOST_BYTES, send } from './queries';

type State = 'waiting' | 'sending' | 'done' | 'failed';

export interface Upload {
  id: number;
  file: File;
  location: string;
  path: string;
  state: State;
  /** From 0 to 1. */
  part: number;
  problem: string | undefined;
}

export interface Uploads {
  all: Upload[];
  add: (files: readonly File[], location: string, folder: string | undefined) => void;
  cancel: (id: number) => void;
  clear: () => void;
}

/** Where a file of the browser goes. */
export const pathOf = (file: File, folder: string | undefined): string => `${folder === undefined ? '' : `${folder}/`}${safeName(file.name)}`;

export function useUploads(): Uploads {
  const client = useQueryClient();
  const [all, setAll] = useState<Upload[]>([]);
  const next = useRef(1);
  const queue = useRef<Upload[]>([]);
  const running = useRef(false);
  const aborts = useRef(new Map<number, AbortController>());

  const change = useCallback((id: number, part: Partial<Upload>) => setAll((old) => old.map((one) => (one.id === id ? { ...one, ...part } : one))), []);

  const run = useCallback(async () => {
    if (running.current) return;
    running.current = true;
    for (let one = queue.current.shift(); one !== undefined; one = queue.current.shift()) {
      const { id, file, location, path } = one;
      const abort = new AbortController();
      aborts.current.set(id, abort);
      change(id, { state: 'sending' });
      try {
        await send(file, location, path, (part) => change(id, { part }), abort.signal);
        change(id, { state: 'done', part: 1 });
      } catch (error) {
        const cancelled = error instanceof DOMException && error.name === 'AbortError';
        if (cancelled) setAll((old) => old.filter((known) => known.id !== id));
        else change(id, { state: 'failed', problem: explain(error).title });
      }
      aborts.current.delete(id);
    }
    running.current = false;
    await client.invalidateQueries({ queryKey: ['stored-files'] });
  }, [change, client]);

  return {
    all,
    add: (files, location, folder) => {
      const made = files.map((file): Upload => {
        const id = next.current++;
        const large = file.size > MOST_BYTES;
        return {
          id,
          file,
          location,
          path: pathOf(file, folder),
          state: large ? 'failed' : 'waiting',
          part: 0,
          problem: large ? `It has ${bytes(file.size)}, but a file can have at most ${bytes(MOST_BYTES)}.` : undefined,
        };
      });
      setAll((old) => [...old, ...made]);
      queue.current.push(...made.filter(({ state }) => state === 'waiting'));
      void run();
    },
    cancel: (id) => {
      const abort = aborts.current.get(id);
      if (abort !== undefined) abort.abort();
      else {
        queue.current = queue.current.filter((one) => one.id !== id);
        setAll((old) => old.filter((one) => one.id !== id));
      }
    },
    clear: () => setAll((old) => old.filter(({ state }) => state === 'waiting' || state === 'sending')),
  };
}

export function UploadList({ uploads }: { uploads: Uploads }) {
  const { all } = uploads;
  if (all.length === 0) return null;
  const over = all.filter(({ state }) => state === 'done' || state === 'failed').length;
  return (
    <Card
      padded={false}
      title={<span role="status">{over < all.length ? `Uploading ${over + 1} of ${all.length}` : `${all.length === 1 ? 'The file was' : `${all.length} files were`} uploaded`}</span>}
      actions={
        over > 0 && (
          <Button size="small" look="quiet" onClick={uploads.clear}>
            Clear
          </Button>
        )
      }
    >
      <ul className="max-h-64 divide-y overflow-y-auto">
        {all.map((one) => (
          <Row key={one.id} upload={one} onCancel={() => uploads.cancel(one.id)} />
        ))}
      </ul>
    </Card>
  );
}

const ICONS = { waiting: LoaderCircle, sending: LoaderCircle, done: CircleCheck, failed: CircleX };
const TONES: Record<State, string> = { waiting: 'text-faint', sending: 'animate-spin text-info', done: 'text-good', failed: 'text-bad' };
const WORDS: Record<State, string> = { waiting: 'Waiting', sending: 'Uploading', done: 'Uploaded', failed: 'Failed' };

function Row({ upload, onCancel }: { upload: Upload; onCancel: () => void }) {
  const { path, state, part, file, problem } = upload;
  const Icon = ICONS[state];
  const percent = Math.round(part * 100);
  return (
    <li className="flex min-h-11 items-center gap-3 px-4 py-1.5 text-ui">
      <Icon className={`size-4 shrink-0 ${TONES[state]}`} role="img" aria-label={WORDS[state]} />
      <div className="min-w-0 flex-1">
        <p className="truncate">{path}</p>
        {problem !== undefined && <p className="text-xs text-bad">{problem}</p>}
        {state === 'sending' && (
          <progress aria-label={`Uploading ${path}`} value={percent} max={100} className="progress h-1 w-full">
            {percent} %
          </progress>
        )}
      </div>
      <span className="text-xs whitespace-nowrap text-muted tabular-nums">{state === 'sending' ? `${percent} %` : bytes(file.size)}</span>
      {(state === 'waiting' || state === 'sending') && (
        <Button look="quiet" size="small" aria-label={`Cancel ${path}`} onClick={onCancel}>
          <X aria-hidden />
        </Button>
      )}
    </li>
  );
}
