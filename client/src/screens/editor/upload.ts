/** Files and folders from the computer, by the file chooser or dropped on the tree. */
import { contentOf, type Content } from './content';
import { join, problemOf } from './paths';

/** Largest file, in bytes; a workspace has at most 64 MiB in all. */
const LARGEST = 32 << 20;

/** A file to come, by the path that it gets. */
interface Coming {
  path: string;
  file: File;
}

/** What is left out of a folder: nobody means it. */
const IGNORED = /(^|\/)(\.git|\.venv|node_modules|__pycache__|\.DS_Store|\.mypy_cache|\.pytest_cache)(\/|$)|\.pyc$/;

/** Files of a chooser; those of a folder have their path within it. */
export const chosen = (files: Iterable<File>, folder: string): Coming[] =>
  [...files].map((file) => ({ path: join(folder, file.webkitRelativePath || file.name), file }));

/** What was dropped, with all that is in its folders. */
export async function dropped(items: Iterable<DataTransferItem>, folder: string): Promise<Coming[]> {
  // The list is only there until the first wait.
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  return (await Promise.all(entries.map((entry) => within(entry, folder)))).flat();
}

async function within(entry: FileSystemEntry, folder: string): Promise<Coming[]> {
  const path = join(folder, entry.name);
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return [{ path, file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: FileSystemEntry[] = [];
  for (;;) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (part.length === 0) break;
    found.push(...part);
  }
  return (await Promise.all(found.map((child) => within(child, path)))).flat();
}

export interface Read {
  files: Map<string, Content>;
  /** Why some are left out. */
  problems: string[];
}

/** Reads what is to come. A file that is there already is replaced. */
export async function readAll(coming: readonly Coming[], paths: readonly string[]): Promise<Read> {
  const files = new Map<string, Content>();
  const problems: string[] = [];
  for (const { path, file } of coming) {
    if (IGNORED.test(path)) continue;
    const problem = paths.includes(path) ? undefined : problemOf(path, paths);
    if (problem !== undefined) problems.push(`${path}: ${problem}`);
    else if (file.size > LARGEST) problems.push(`${path}: It is larger than ${LARGEST >> 20} MiB.`);
    else files.set(path, contentOf(new Uint8Array(await file.arrayBuffer())));
  }
  return { files, problems };
}
