/** What a folder shows of a list of paths. */
import type { StoredFile } from '@/api/types';

export interface Folder {
  name: string;
  /** As the URL has it, without `/` at its end. */
  path: string;
  files: number;
  bytes: number;
}

export interface Entries {
  folders: Folder[];
  files: StoredFile[];
}

/** The part of a path below a folder. */
export const below = (path: string, folder: string | undefined): string => (folder === undefined ? path : path.slice(folder.length + 1));

/** Folders and files directly in a folder; `files` are those in it and below. */
export function entriesOf(files: readonly StoredFile[], folder: string | undefined): Entries {
  const folders = new Map<string, Folder>();
  const here: StoredFile[] = [];
  for (const file of files) {
    const rest = below(file.path, folder);
    const slash = rest.indexOf('/');
    if (slash < 0) {
      here.push(file);
      continue;
    }
    const name = rest.slice(0, slash);
    const path = folder === undefined ? name : `${folder}/${name}`;
    const known = folders.get(name) ?? { name, path, files: 0, bytes: 0 };
    folders.set(name, { ...known, files: known.files + 1, bytes: known.bytes + file.size });
  }
  return { folders: [...folders.values()], files: here };
}

/** The folders above one, from the outermost to itself. */
export function trail(folder: string | undefined): { name: string; path: string }[] {
  if (folder === undefined) return [];
  const parts = folder.split('/');
  return parts.map((name, index) => ({ name, path: parts.slice(0, index + 1).join('/') }));
}

/** Locations that every organization has. */
const ALWAYS = ['uploads', 'temp'];

/** The locations to choose from, with the chosen one among them. */
export function locationNames(used: readonly { name: string }[], chosen: string): string[] {
  const others = new Set([...used.map(({ name }) => name), chosen]);
  return [...ALWAYS, ...[...others].filter((name) => !ALWAYS.includes(name)).sort()];
}

/** What is wrong with the name of a location. */
export function locationProblem(name: string): string | undefined {
  if (name === 'workspace') return 'The workspace changes by a deploy only; its files are under Code.';
  return /^[a-z0-9][a-z0-9-]{0,63}$/.test(name) ? undefined : 'A small letter or a digit, then those and -, at most 64.';
}

/** A file's name as the last part of a path: what the platform refuses becomes `-`. */
export const safeName = (name: string): string => {
  const plain = name.replace(/[\\/\u0000-\u001f\u007f-\u009f]+/g, '-').trim();
  return plain === '' || plain === '.' || plain === '..' ? 'file' : plain;
};
