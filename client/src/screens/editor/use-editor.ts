/** The workspace as it is edited: what is deployed, the edits over it, and what can be done. */
import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { api, call } from '@/api/client';
import { workspaceQuery } from '@/api/queries';
import type { components } from '@/api/schema';
import { useMay, useOrganization } from '@/api/session';
import { fromBase64, LARGEST_TEXT, type Content } from './content';
import { changeOf, move, write, type Edit, type Edits, type Moved, type Patch } from './edits';
import { isWithin, renamed } from './paths';
import type { Store, Work } from './store';
import type { TreeFile } from './tree';
import { useWork, useWorkspaceName } from './use-work';

export type Workspace = components['schemas']['WorkspaceView'];
export type FileEntry = components['schemas']['FileEntry'];

/** So often it is looked whether somebody deployed, in milliseconds. */
const LOOK = 15_000;

/** What a version's files are never changes. */
const FOR_GOOD = { staleTime: Infinity, gcTime: 600_000 };

/** A file of the active version, as the person at the screen sees it. */
export const deployedQuery = (organization: string | undefined, version: number, path: string) => ({
  queryKey: ['deployed-file', organization, version, path],
  queryFn: async ({ signal }: { signal?: AbortSignal }): Promise<Content> => {
    const params = { path: { path } };
    const file = await call(api.GET('/api/workspace/files/{path}', { params, ...(signal === undefined ? {} : { signal }) }));
    return fromBase64(file.content);
  },
  ...FOR_GOOD,
});

export interface Editor {
  /** Names the workspace within this browser. */
  name: string;
  organization: string | undefined;
  workspace: Workspace;
  /** Number of the active version; 0 before the first deploy. */
  version: number;
  /** The files of the active version. */
  deployed: ReadonlyMap<string, FileEntry>;
  store: Store;
  work: Work;
  edits: Edits;
  /** All files, as they are with the edits. */
  files: TreeFile[];
  /** Their paths, without those of the provider. */
  own: string[];
  /** False for those who may only look. */
  mayEdit: boolean;
  /** What is deployed at a path; `null` for nothing. */
  before: (path: string) => Promise<Content | null>;
  /** What is there with the edits; `null` for nothing. */
  now: (path: string) => Promise<Content | null>;
  /** The text of all files that are text and not too large. */
  texts: () => Promise<[path: string, text: string][]>;
  /** Sets a file's content, or deletes it by `null`. */
  write: (path: string, content: Content | null) => Promise<void>;
  /** Sets several files. */
  writeAll: (files: ReadonlyMap<string, Content>) => Promise<void>;
  /** Deletes a file, or a folder with all that is in it. */
  remove: (path: string) => Promise<void>;
  /** Gives a file or folder another path. */
  move: (from: string, to: string) => Promise<void>;
  apply: (patch: Patch) => void;
}

export interface Opened {
  editor: Editor | undefined;
  error: unknown;
  retry: () => void;
}

/** Opens the workspace of the chosen organization. */
export function useEditor(): Opened {
  const organization = useOrganization();
  const client = useQueryClient();
  const name = useWorkspaceName();
  const { store, work } = useWork(name);
  const mayEdit = useMay()('workspace.draft');
  const workspace = useQuery({ ...workspaceQuery(organization), refetchInterval: LOOK });
  const version = workspace.data?.version?.number ?? 0;
  const files = useQuery({
    queryKey: ['deployed-files', organization, version],
    queryFn: async ({ signal }) => {
      const { files: all } = await call(api.GET('/api/workspace/files', { signal }));
      return new Map(all.map((file) => [file.path, file]));
    },
    enabled: workspace.data !== undefined,
    placeholderData: (old, query) => (query?.queryKey[1] === organization ? old : undefined),
    ...FOR_GOOD,
  });
  const listed = useListed(files.data, work.edits);
  const editor = useMemo(() => {
    if (store === undefined || workspace.data === undefined || files.data === undefined) return undefined;
    const about = { name, organization, workspace: workspace.data, version, deployed: files.data, mayEdit, ...listed };
    return made(client, store, work, about);
  }, [client, store, work, name, organization, workspace.data, version, files.data, mayEdit, listed]);
  const retry = () => {
    void workspace.refetch();
    void files.refetch();
  };
  return { editor, error: workspace.error ?? files.error, retry };
}

type About = Pick<Editor, 'name' | 'organization' | 'workspace' | 'version' | 'deployed' | 'mayEdit' | 'files' | 'own'>;

/** The list of files: another one when files come or go, not with each letter that is typed. */
function useListed(deployed: ReadonlyMap<string, FileEntry> | undefined, edits: Edits): Pick<Editor, 'files' | 'own'> {
  const changed = [...edits].map(([path, edit]) => `${changeOf(edit)} ${path}`).join('\n');
  return useMemo(() => {
    const files = filesOf(deployed ?? new Map(), edits);
    return { files, own: files.filter((file) => file.isShared !== true).map((file) => file.path) };
    // What is in the edits does not matter here, only of which files they are.
  }, [deployed, changed]);
}

function made(client: QueryClient, store: Store, work: Work, about: About): Editor {
  const { organization, version, deployed, own } = about;
  const { edits } = work;
  const isShared = (path: string) => deployed.get(path)?.is_shared === true;
  // What is the provider's is not in the own workspace: a file of that path is a new one.
  const before = (path: string): Promise<Content | null> =>
    deployed.has(path) && !isShared(path)
      ? client.fetchQuery(deployedQuery(organization, version, path))
      : Promise.resolve(null);
  const now = async (path: string): Promise<Content | null> => {
    const edit = store.snapshot().edits.get(path);
    if (edit !== undefined) return edit.content;
    return deployed.has(path) ? client.fetchQuery(deployedQuery(organization, version, path)) : null;
  };
  const texts = async (): Promise<[string, string][]> => {
    const source = await client.fetchQuery({
      queryKey: ['deployed-source', organization, version],
      queryFn: async ({ signal }) => {
        const params = { query: { content_up_to: LARGEST_TEXT } };
        const { files } = await call(api.GET('/api/workspace/files', { params, signal }));
        return new Map(files.map((file) => [file.path, file.content == null ? null : fromBase64(file.content)]));
      },
      ...FOR_GOOD,
    });
    const all = new Map<string, Content | null>(source);
    for (const [path, { content }] of store.snapshot().edits) all.set(path, content);
    const found = [...all].filter((file): file is [string, string] => typeof file[1] === 'string');
    return found.sort(([one], [other]) => one.localeCompare(other));
  };
  const writeAll = async (files: ReadonlyMap<string, Content | null>): Promise<void> => {
    const known = await each([...files.keys()], async (path) => [path, await before(path)] as const);
    const patch = new Map<string, Edit | undefined>();
    for (const [path, base] of known) {
      for (const [at, edit] of write(store.snapshot().edits, path, files.get(path) ?? null, base)) patch.set(at, edit);
    }
    store.apply(patch);
  };
  return {
    ...about,
    store,
    work,
    edits,
    before,
    now,
    texts,
    apply: (patch) => store.apply(patch),
    write: (path, content) => writeAll(new Map([[path, content]])),
    writeAll,
    remove: (path) => writeAll(new Map(own.filter((file) => isWithin(file, path)).map((file) => [file, null]))),
    move: async (from, to) => {
      const moved = await each([...renamed(own, from, to)], async ([old, path]): Promise<Moved> => ({
        from: old,
        to: path,
        content: (await now(old)) ?? '',
        deployed: await before(old),
        replaced: await before(path),
      }));
      store.apply(move(store.snapshot().edits, moved));
    },
  };
}

/** The files that there are, by path. */
function filesOf(deployed: ReadonlyMap<string, FileEntry>, edits: Edits): TreeFile[] {
  const all = new Map<string, TreeFile>();
  for (const { path, is_shared } of deployed.values()) all.set(path, { path, isShared: is_shared });
  for (const [path, edit] of edits) {
    if (edit.content === null) all.delete(path);
    else all.set(path, { path, change: changeOf(edit) });
  }
  return [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** Requests under way at once. */
const AT_ONCE = 6;

/** Does something for each, a few at once; the answers have the order of the items. */
async function each<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const answers = new Array<R>(items.length);
  let next = 0;
  const worker = async () => {
    for (let at = next++; at < items.length; at = next++) answers[at] = await work(items[at] as T);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return answers;
}
