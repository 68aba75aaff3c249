/** Connects an account in a window of its own, and hears how it went.
 *
 *  The authorization server sends the window back to a page of this platform, which tells it on a
 *  channel: servers may cut the tie between a window and the page that opened it. */
import { useEffect, useRef, useState } from 'react';
import { sentence } from '@/api/problem';
import { fileName } from '@/lib/format';

/** Where pages of this platform hear of connections. */
const CHANNEL = 'bifrost-connections';
/** In the window's own storage: the connection that it was opened for. */
const MARK = 'bifrost.connecting';
/** How often a window is looked at, in milliseconds. */
const LOOK = 500;

/** How it went; a problem where it did not. */
export interface Heard {
  connection: string | undefined;
  problem?: string | undefined;
  detail?: string | undefined;
}

export type Connecting =
  | { step: 'idle' }
  | { step: 'starting' }
  /** Somebody signs in there; `blocked` where the browser let no window open. */
  | { step: 'waiting'; url: string; blocked: boolean }
  /** The window is closed, and nothing was heard of it. */
  | { step: 'closed'; url: string }
  | { step: 'heard'; heard: Heard }
  | { step: 'failed'; error: unknown };

/** Why nothing was connected, in words. */
export function problemWords(problem: string, detail: string | undefined): string {
  const said = /\(access_denied: ?(.*)\)$/.exec(detail ?? '')?.[1];
  if (said === undefined) return sentence(detail ?? problem);
  return sentence(said === '' ? 'Access was declined' : `Access was declined: ${said}`);
}

/** In the window that came back: says how it went, and tells whether it was opened by a page. */
export function tell(problem: string | undefined, detail: string | undefined): boolean {
  const connection = sessionStorage.getItem(MARK) ?? undefined;
  const channel = new BroadcastChannel(CHANNEL);
  channel.postMessage({ connection, problem, detail } satisfies Heard);
  channel.close();
  return connection !== undefined;
}

/** `begin` is called by a press, before anything is waited for: else browsers block the window. */
export function useConnect(onEnd: () => void) {
  const [state, setState] = useState<Connecting>({ step: 'idle' });
  const opened = useRef<Window>(null);
  const wanted = useRef<string>(undefined);
  const end = useRef(onEnd);
  end.current = onEnd;
  const waiting = state.step === 'waiting' || state.step === 'closed';
  const url = waiting ? state.url : undefined;

  useEffect(() => {
    if (url === undefined) return;
    const channel = new BroadcastChannel(CHANNEL);
    channel.onmessage = ({ data }: MessageEvent<Heard>) => {
      if (data.connection !== undefined && data.connection !== wanted.current) return;
      opened.current?.close();
      setState({ step: 'heard', heard: data });
      end.current();
    };
    const timer = setInterval(() => {
      if (opened.current?.closed !== true) return;
      opened.current = null;
      setState((now) => (now.step === 'waiting' ? { step: 'closed', url } : now));
      end.current();
    }, LOOK);
    return () => {
      channel.close();
      clearInterval(timer);
    };
  }, [url]);

  const begin = async (prepare: () => Promise<{ connection: string; url: string }>) => {
    const popup = window.open('about:blank', `connect-${fileName(crypto.randomUUID())}`, 'popup,width=560,height=720');
    opened.current = popup;
    setState({ step: 'starting' });
    try {
      const prepared = await prepare();
      wanted.current = prepared.connection;
      if (!/^https?:\/\//i.test(prepared.url)) throw new Error('the address of the authorization server is none of the web');
      // It may be closed already: there is nothing to lead then, and that is seen soon.
      if (popup !== null && !popup.closed) {
        popup.sessionStorage.setItem(MARK, prepared.connection);
        // What is opened cannot lead this page elsewhere.
        popup.opener = null;
        popup.location.replace(prepared.url);
      }
      setState({ step: 'waiting', url: prepared.url, blocked: popup === null });
    } catch (error) {
      popup?.close();
      setState({ step: 'failed', error });
    }
  };
  return { state, begin, reset: () => setState({ step: 'idle' }) };
}
