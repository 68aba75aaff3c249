/** What has become of a window in which somebody connects an account. */
import { ExternalLink } from 'lucide-react';
import { sentence } from '@/api/problem';
import { Button } from '@/ui/button';
import { Notice } from '@/ui/notice';
import { FormError } from '@/ui/states';
import type { Connecting } from './connect';

interface Props {
  state: Connecting;
  /** Whether it is connected by now. */
  connected: boolean;
  onAgain: () => void;
  onClose: () => void;
}

export function ConnectState({ state, connected, onAgain, onClose }: Props) {
  switch (state.step) {
    case 'idle':
    case 'starting':
      return null;
    case 'failed':
      return <FormError error={state.error} />;
    case 'waiting':
      return state.blocked ? (
        <Notice tone="warn" role="alert">
          <p>The browser let no window open. Open the page of the authorization server yourself, within ten minutes:</p>
          <p>
            <a href={state.url} target="_blank" rel="noreferrer" className="inline-flex items-center gap-1 font-medium text-accent-text hover:underline">
              <ExternalLink className="size-4" aria-hidden />
              Sign in at {new URL(state.url).host}
            </a>
          </p>
          <p className="text-muted">This page goes on by itself when you are done there.</p>
        </Notice>
      ) : (
        <Notice role="status">
          Go on in the window that has opened. It is good for ten minutes; the result is shown here.
        </Notice>
      );
    case 'closed':
      return connected ? (
        <Notice tone="good" role="status">
          It is connected.
        </Notice>
      ) : (
        <Notice tone="warn" role="status">
          <p>The window is closed, and nothing was heard of it. If you have not agreed there, begin again.</p>
          <p>
            <Button size="small" onClick={onAgain}>
              Open it again
            </Button>
          </p>
        </Notice>
      );
    case 'heard':
      return state.heard.problem === undefined ? (
        <Notice tone="good" role="status">
          <p className="font-medium">Connected</p>
          <p>The platform has a token now, and keeps it good.</p>
        </Notice>
      ) : (
        <Notice tone="bad" role="alert">
          <p className="font-medium">It was not connected</p>
          <p>{sentence(state.heard.detail ?? state.heard.problem)}</p>
          <p className="flex gap-2 pt-1">
            <Button size="small" onClick={onAgain}>
              Try again
            </Button>
            <Button size="small" look="quiet" onClick={onClose}>
              Leave it
            </Button>
          </p>
        </Notice>
      );
  }
}
