/** Edits when the deployed version has moved meanwhile: what fits as it is, and what somebody
 *  has to decide about. */
import { same, type Content } from './content';
import type { Edit, Edits, Patch } from './edits';

/** A file that was changed here and there. */
export interface Conflict {
  path: string;
  /** The edit that was made here. */
  mine: Edit;
  /** What is deployed now; `null` when it was deleted. */
  theirs: Content | null;
}

export interface Compared {
  /** Edits to take back: the deployed file is by now what they made of it. */
  done: Patch;
  conflicts: Conflict[];
}

/** Compares edits with what is deployed now. A file whose deployed content is what the edit began
 *  from is no conflict. */
export function compare(edits: Edits, theirs: ReadonlyMap<string, Content | null>): Compared {
  const done = new Map<string, undefined>();
  const conflicts: Conflict[] = [];
  for (const [path, mine] of edits) {
    const now = theirs.get(path) ?? null;
    if (same(mine.content, now)) done.set(path, undefined);
    else if (!same(mine.base, now)) conflicts.push({ path, mine, theirs: now });
  }
  return { done, conflicts };
}

/** Decides for what is deployed. */
export const takeTheirs = ({ path }: Conflict): Patch => new Map([[path, undefined]]);

/** Decides for what was made here: it is a change of what is deployed now. */
export const keepMine = ({ path, mine, theirs }: Conflict): Patch =>
  new Map([[path, { content: mine.content, base: theirs }]]);
