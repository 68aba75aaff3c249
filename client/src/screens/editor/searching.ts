/** Asks the worker that searches and replaces. */
import type { Found, Question } from './find';
import type { Replaced, Replacement } from './replace';
import type { Refused, Task } from './search-worker';

/** Longest that it may take, in milliseconds: some patterns take for ever. */
const LONGEST = 5_000;

type Files = Task['files'];

/** The lines that fit; ends when the signal says so. */
export const searched = (files: Files, question: Question, signal: AbortSignal): Promise<Found | Refused> =>
  asked<Found>({ files, question }, signal);

/** The files that a replacement changes. */
export const replacedIn = (files: Files, question: Question, replacement: Replacement): Promise<Replaced | Refused> =>
  asked<Replaced>({ files, question, replacement });

function asked<T>(task: Task, signal?: AbortSignal): Promise<T | Refused> {
  signal?.throwIfAborted();
  const worker = new Worker(new URL('./search-worker.ts', import.meta.url), { type: 'module' });
  return new Promise<T | Refused>((resolve, reject) => {
    signal?.addEventListener('abort', () => reject(new DOMException('another search has begun', 'AbortError')));
    setTimeout(() => resolve({ problem: 'This takes too long; write a narrower pattern.' }), LONGEST);
    worker.onmessage = ({ data }: MessageEvent<T | Refused>) => resolve(data);
    worker.onerror = () => reject(new Error('the search could not be begun; load the page again'));
    worker.postMessage(task);
  }).finally(() => worker.terminate());
}
