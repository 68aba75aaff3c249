/** The workspace as a tree of which only the open folders are seen. */
import { foldersAbove, nameOf } from './paths';
import type { Change } from './edits';

/** A file of the workspace, as it is with the edits. */
export interface TreeFile {
  path: string;
  /** How it differs from what is deployed. */
  change?: Change;
  /** The provider's, which can only be read. */
  isShared?: boolean;
}

/** A row of the tree on the screen. */
export interface TreeRow {
  path: string;
  name: string;
  /** From 1 on. */
  level: number;
  /** Among its siblings, from 1 on, and how many these are. */
  position: number;
  siblings: number;
  /** Undefined for a file. */
  isOpen?: boolean;
  /** Of a file; of a folder that something in it is not as it is deployed. */
  isChanged: boolean;
  file?: TreeFile;
}

interface Node {
  path: string;
  folders: Map<string, Node>;
  files: TreeFile[];
  isChanged: boolean;
}

const made = (path: string): Node => ({ path, folders: new Map(), files: [], isChanged: false });

const order = new Intl.Collator('en', { numeric: true });

/** The rows of a tree: folders first, then files, by name. `empty` are folders without a file. */
export function rowsOf(files: Iterable<TreeFile>, open: ReadonlySet<string>, empty: Iterable<string> = []): TreeRow[] {
  const root = made('');
  const folder = (path: string): Node => {
    let node = root;
    for (const above of [...foldersAbove(path), path]) {
      let next = node.folders.get(above);
      if (next === undefined) node.folders.set(above, (next = made(above)));
      node = next;
    }
    return node;
  };
  for (const path of empty) folder(path);
  for (const file of files) {
    const above = foldersAbove(file.path);
    const last = above.at(-1);
    (last === undefined ? root : folder(last)).files.push(file);
    if (file.change !== undefined) for (const path of above) folder(path).isChanged = true;
  }
  const rows: TreeRow[] = [];
  const add = (node: Node, level: number) => {
    const folders = [...node.folders.values()].sort((a, b) => order.compare(nameOf(a.path), nameOf(b.path)));
    const within = [...node.files].sort((a, b) => order.compare(nameOf(a.path), nameOf(b.path)));
    const siblings = folders.length + within.length;
    folders.forEach((child, index) => {
      const isOpen = open.has(child.path);
      const { path, isChanged } = child;
      rows.push({ path, name: nameOf(path), level, position: index + 1, siblings, isOpen, isChanged });
      if (isOpen) add(child, level + 1);
    });
    within.forEach((file, index) => {
      const position = folders.length + index + 1;
      const isChanged = file.change !== undefined;
      rows.push({ path: file.path, name: nameOf(file.path), level, position, siblings, isChanged, file });
    });
  };
  add(root, 1);
  return rows;
}

/** What a key does in a tree, as the pattern for trees has it. */
export type Step = { to: number } | { open: string } | { close: string } | undefined;

/** Where a key leads from a row. */
export function step(rows: readonly TreeRow[], at: number, key: string): Step {
  const row = rows[at];
  if (row === undefined) return undefined;
  switch (key) {
    case 'ArrowDown':
      return at + 1 < rows.length ? { to: at + 1 } : undefined;
    case 'ArrowUp':
      return at > 0 ? { to: at - 1 } : undefined;
    case 'Home':
      return { to: 0 };
    case 'End':
      return { to: rows.length - 1 };
    case 'ArrowRight':
      if (row.isOpen === false) return { open: row.path };
      return row.isOpen === true && (rows[at + 1]?.level ?? 0) > row.level ? { to: at + 1 } : undefined;
    case 'ArrowLeft': {
      if (row.isOpen === true) return { close: row.path };
      const parent = rows.slice(0, at).findLastIndex((above) => above.level < row.level);
      return parent < 0 ? undefined : { to: parent };
    }
    default:
      return letter(rows, at, key);
  }
}

/** The next row whose name begins with a letter. */
function letter(rows: readonly TreeRow[], at: number, key: string): Step {
  if (key.length !== 1 || key === ' ') return undefined;
  const begins = (row: TreeRow | undefined) => row?.name.toLowerCase().startsWith(key.toLowerCase()) === true;
  for (let offset = 1; offset < rows.length; offset += 1) {
    const to = (at + offset) % rows.length;
    if (begins(rows[to])) return { to };
  }
  return undefined;
}
