/** Replaces what the search has found, with the way back. */
import { useState } from 'react';
import { plural } from '@/lib/format';
import { done, failed } from '@/ui/toast';
import type { Question } from './find';
import type { Replaced } from './replace';
import { replacedIn } from './searching';
import type { Editor } from './use-editor';

export interface Replacing {
  /** Replaces in a file, or in one of its lines. */
  within: (path: string, line?: number) => void;
  /** Asks before everything is replaced. */
  askForAll: () => void;
  /** What waits for a yes. */
  asked: Replaced | undefined;
  confirm: () => Promise<void>;
  decline: () => void;
  /** The latest replacement, while it can be taken back. */
  last: Replaced | undefined;
  undo: () => void;
}

export function useReplace(editor: Editor, question: Question | undefined, text: string): Replacing {
  const [asked, setAsked] = useState<Replaced>();
  const [last, setLast] = useState<Replaced>();
  const replaced = async (path?: string, line?: number): Promise<Replaced> => {
    if (question === undefined) return { files: [], matches: 0 };
    const own = new Set(path === undefined ? editor.own : editor.own.filter((one) => one === path));
    const files = (await editor.texts()).filter(([one]) => own.has(one));
    const answer = await replacedIn(files, question, { text, isTemplate: question.isRegex, line });
    if ('problem' in answer) throw new Error(answer.problem);
    if (answer.matches === 0) throw new Error('Nothing of your own files fits any more.');
    return answer;
  };
  const apply = async (what: Replaced) => {
    await editor.writeAll(new Map(what.files.map(({ path, after }) => [path, after])));
    setLast(what);
  };
  const undo = async () => {
    if (last === undefined) return;
    const back = new Map<string, string>();
    for (const { path, before, after } of last.files) {
      // What was written since is not lost.
      if ((await editor.now(path)) === after) back.set(path, before);
    }
    await editor.writeAll(back);
    setLast(undefined);
    const kept = last.files.length - back.size;
    done(`${plural(back.size, 'file')} as before`, kept === 0 ? undefined : `${plural(kept, 'file')} changed since, and not touched.`);
  };
  return {
    within: (path, line) => void replaced(path, line).then(apply).catch(failed),
    askForAll: () => void replaced().then(setAsked).catch(failed),
    asked,
    confirm: async () => {
      if (asked !== undefined) await apply(asked);
    },
    decline: () => setAsked(undefined),
    last,
    undo: () => void undo().catch(failed),
  };
}
