/** Notices that another version was deployed since the edits began, and what has to be decided. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo } from 'react';
import { done as said } from '@/ui/toast';
import type { Content } from './content';
import { compare, type Conflict } from './rebase';
import type { Editor } from './use-editor';

export interface Moved {
  /** The version that the edits were made from, when it is not the active one any more. */
  from: number | undefined;
  conflicts: Conflict[];
  /** What kept them from being compared. */
  error: unknown;
}

export function useMoved(editor: Editor): Moved {
  const { store, edits, version, before, organization } = editor;
  const { version: fits } = editor.work;
  const isMoved = edits.size > 0 && fits !== undefined && fits !== version;
  const paths = [...edits.keys()].sort();
  const theirs = useQuery({
    queryKey: ['deployed-under-edits', organization, version, paths],
    queryFn: async () => {
      const all = new Map<string, Content | null>();
      for (const path of paths) all.set(path, await before(path));
      return all;
    },
    enabled: isMoved,
  });
  const compared = useMemo(
    () => (isMoved && theirs.data !== undefined ? compare(edits, theirs.data) : undefined),
    [isMoved, edits, theirs.data],
  );
  useEffect(() => {
    if (edits.size === 0 || fits === undefined) store.fits(version);
  }, [store, edits, fits, version]);
  useEffect(() => {
    if (compared === undefined) return;
    if (compared.done.size > 0) store.apply(compared.done);
    else if (compared.conflicts.length === 0) {
      store.fits(version);
      said(`Your work is on version ${version} now`, 'It was deployed meanwhile, and changes nothing that you have changed.');
    }
  }, [store, compared, version]);
  const isKnown = compared !== undefined || theirs.error !== null;
  return { from: isMoved && isKnown ? fits : undefined, conflicts: compared?.conflicts ?? [], error: theirs.error ?? undefined };
}
