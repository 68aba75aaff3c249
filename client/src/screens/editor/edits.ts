/** Unsaved work: what differs from the deployed version, file by file. */
import { same, toBase64, type Content } from './content';

/** A file that is not as it is deployed. */
export interface Edit {
  /** What it is now; `null` when it is deleted. */
  content: Content | null;
  /** What was deployed when it was first changed; `null` when it was not there. */
  base: Content | null;
}

export type Edits = ReadonlyMap<string, Edit>;

export type Change = 'added' | 'modified' | 'removed';

export const changeOf = ({ base, content }: Edit): Change =>
  content === null ? 'removed' : base === null ? 'added' : 'modified';

/** An edit to lay over others: `undefined` takes one back. */
export type Patch = ReadonlyMap<string, Edit | undefined>;

/** Sets a file's content, or deletes it by `null`. What is as it was is no edit. */
export function write(edits: Edits, path: string, content: Content | null, deployed: Content | null): Patch {
  const known = edits.get(path);
  const base = known === undefined ? deployed : known.base;
  return new Map([[path, same(content, base) ? undefined : { content, base }]]);
}

/** A file on its way to another path. */
export interface Moved {
  from: string;
  to: string;
  /** What it is now. */
  content: Content;
  /** What is deployed at the old path; `null` for a new file. */
  deployed: Content | null;
  /** What is deployed at the new path, if anything. */
  replaced: Content | null;
}

/** Moves files; a new file leaves no trace at its old path. */
export function move(edits: Edits, files: readonly Moved[]): Patch {
  const patch = new Map<string, Edit | undefined>();
  for (const { from, deployed } of files) {
    for (const [path, edit] of write(edits, from, null, deployed)) patch.set(path, edit);
  }
  for (const { to, content, replaced } of files) {
    for (const [path, edit] of write(edits, to, content, replaced)) patch.set(path, edit);
  }
  return patch;
}

/** Lays a patch over edits. */
export function patched(edits: Edits, patch: Patch): Edits {
  const all = new Map(edits);
  for (const [path, edit] of patch) {
    if (edit === undefined) all.delete(path);
    else all.set(path, edit);
  }
  return all;
}

/** Takes edits back: all of them, or those of some files. */
export const undone = (edits: Edits, paths: Iterable<string> = edits.keys()): Patch =>
  new Map([...paths].map((path) => [path, undefined]));

/** As the API takes them: path to base64, `null` for a deleted file. */
export const asFiles = (edits: Edits): Record<string, string | null> =>
  Object.fromEntries([...edits].map(([path, { content }]) => [path, content === null ? null : toBase64(content)]));

/** What is left to deploy when these edits were: nothing, or what was typed meanwhile. */
export function deployed(edits: Edits, sent: Edits): Patch {
  const patch = new Map<string, Edit | undefined>();
  for (const [path, { content }] of sent) {
    const now = edits.get(path);
    if (now !== undefined) patch.set(path, same(now.content, content) ? undefined : { ...now, base: content });
  }
  return patch;
}
