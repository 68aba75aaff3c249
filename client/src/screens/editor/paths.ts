/** Paths of a workspace: what is one, and the folders that they make. */

/** Longest path, in bytes. */
const LONGEST = 512;

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The folder that a path is in; empty for the workspace itself. */
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

export const join = (folder: string, name: string): string => (folder === '' ? name : `${folder}/${name}`);

/** True when a path is the folder, or anywhere in it. */
export const isWithin = (path: string, folder: string): boolean =>
  folder === '' || path === folder || path.startsWith(`${folder}/`);

/** All folders above a path, the outermost first. */
export function foldersAbove(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

/** What is wrong with a new path beside the files that there are. */
export function problemOf(path: string, files: Iterable<string>): string | undefined {
  if (path === '') return 'Enter a name, such as workflows/report.py.';
  if (path.startsWith('/')) return 'Begin with a name, not with a slash.';
  if (path.endsWith('/')) return 'A file’s name is missing after the last slash.';
  if (path.includes('\\')) return 'Write / between folders, not \\.';
  if (/\p{Cc}/u.test(path)) return 'There is a character in it that cannot be seen.';
  if (path.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    return 'Each part between slashes needs a name of its own.';
  }
  if (new TextEncoder().encode(path).length > LONGEST) return `It is longer than ${LONGEST} bytes.`;
  for (const other of files) {
    if (other === path) return 'There is a file of this name already.';
    if (isWithin(other, path)) return 'There is a folder of this name already.';
    if (isWithin(path, other)) return `${other} is a file, so nothing can be in it.`;
  }
  return undefined;
}

/** Where the files of a file or folder go when it gets another path. */
export function renamed(files: Iterable<string>, from: string, to: string): Map<string, string> {
  const moved = new Map<string, string>();
  for (const path of files) if (isWithin(path, from)) moved.set(path, to + path.slice(from.length));
  return moved;
}

/** What is wrong with moving a file or folder to a path. */
export function problemOfMove(from: string, to: string, files: readonly string[]): string | undefined {
  if (to === from) return 'This is where it is.';
  if (isWithin(to, from) && files.some((path) => path.startsWith(`${from}/`))) return 'A folder cannot be moved into itself.';
  return problemOf(to, files.filter((path) => !isWithin(path, from)));
}
