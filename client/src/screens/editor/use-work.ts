/** The unsaved work on the workspace that is shown. */
import { useEffect, useState, useSyncExternalStore } from 'react';
import { useMe, useScopeId } from '@/api/session';
import * as keep from './keep';
import { Store, type Work } from './store';

const CHANNEL = 'bifrost-editor';

const nothing: Work = { edits: new Map(), version: undefined, problem: undefined };

/** Names the workspace within this browser: nobody sees what another person left in it. */
export function useWorkspaceName(): string {
  return `${useMe().user_id}/${useScopeId()}`;
}

/** The store of the workspace's edits, once it is read, and what is in it. */
export function useWork(workspace: string): { store: Store | undefined; work: Work } {
  const [opened, setOpened] = useState<{ workspace: string; store: Store }>();
  useEffect(() => {
    let closed = false;
    let mine: Store | undefined;
    void Store.open(workspace, keep, new BroadcastChannel(CHANNEL)).then((store) => {
      mine = store;
      if (closed) store.close();
      else setOpened({ workspace, store });
    });
    const leave = () => void mine?.flush();
    addEventListener('pagehide', leave);
    document.addEventListener('visibilitychange', leave);
    return () => {
      closed = true;
      mine?.close();
      removeEventListener('pagehide', leave);
      document.removeEventListener('visibilitychange', leave);
    };
  }, [workspace]);
  const store = opened?.workspace === workspace ? opened.store : undefined;
  const work = useSyncExternalStore(store?.subscribe ?? never, store?.snapshot ?? (() => nothing));
  return { store, work };
}

const never = () => () => {};
