/** What is different between two states of a file. */
import { useMemo } from 'react';
import type { FileDiff } from '@/api/types';
import { FileDiffView } from '@/screens/code/diff';
import { sizeOf, type Content } from './content';
import { changeOf } from './edits';
import { unified } from './line-diff';

interface Props {
  path: string;
  before: Content | null;
  after: Content | null;
  /** Closed at first, where there are many. */
  closed?: boolean;
}

export function FileChange({ path, before, after, closed = false }: Props) {
  const file = useMemo((): FileDiff => {
    const isText = typeof (before ?? '') === 'string' && typeof (after ?? '') === 'string';
    return {
      path,
      change: changeOf({ base: before, content: after }),
      diff: isText ? unified(String(before ?? ''), String(after ?? '')) : null,
      old_size: before === null ? null : sizeOf(before),
      new_size: after === null ? null : sizeOf(after),
    };
  }, [path, before, after]);
  return <FileDiffView file={file} closed={closed} />;
}
