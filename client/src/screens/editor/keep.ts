/** Where unsaved work is kept: the browser's IndexedDB, a record for each changed file. */
import type { Edit } from './edits';

const DATABASE = 'bifrost-editor';
const EDITS = 'edits';
const VERSIONS = 'versions';

let opened: Promise<IDBDatabase> | undefined;

function database(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(DATABASE, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(EDITS);
      request.result.createObjectStore(VERSIONS);
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('this browser keeps nothing'));
  });
  return opened;
}

/** All keys of a workspace: a pair of its own name and a path. */
const all = (workspace: string): IDBKeyRange => IDBKeyRange.bound([workspace], [workspace, []]);

const answer = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('this browser cannot read what it kept'));
  });

/** What is kept of a workspace. */
export interface Kept {
  /** Number of the version that the edits were last compared with. */
  version: number | undefined;
  edits: Map<string, Edit>;
}

/** Reads what is kept. */
export async function read(workspace: string): Promise<Kept> {
  const transaction = (await database()).transaction([EDITS, VERSIONS]);
  const store = transaction.objectStore(EDITS);
  const [keys, edits, version] = await Promise.all([
    answer(store.getAllKeys(all(workspace))),
    answer(store.getAll(all(workspace)) as IDBRequest<Edit[]>),
    answer(transaction.objectStore(VERSIONS).get(workspace) as IDBRequest<number | undefined>),
  ]);
  const paths = keys.map((key) => (Array.isArray(key) ? String(key[1]) : ''));
  return { version, edits: new Map(paths.map((path, index) => [path, edits[index] as Edit])) };
}

/** Writes edits (`undefined` forgets one), and the version that they were compared with. */
export async function write(workspace: string, edits: ReadonlyMap<string, Edit | undefined>, version: number): Promise<void> {
  const transaction = (await database()).transaction([EDITS, VERSIONS], 'readwrite', { durability: 'strict' });
  const store = transaction.objectStore(EDITS);
  for (const [path, edit] of edits) {
    if (edit === undefined) store.delete([workspace, path]);
    else store.put(edit, [workspace, path]);
  }
  transaction.objectStore(VERSIONS).put(version, workspace);
  await new Promise<void>((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onabort = () => reject(transaction.error ?? new Error('this browser has no room left'));
  });
}
