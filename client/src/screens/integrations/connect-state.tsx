/** What has become of a window in which somebody connects an account. */
import { ExternalLink } from 'lucide-react';
import { Button } from '@/ui/button';
import { Notice } from '@/ui/notice';
import { FormError } from '@/ui/states';
import { problemWords, type Connecting } from './connect';

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
          <p>The browser blocked the window. Open the page of the authorization server yourself within ten minutes:</p>
          <p>
            <a href={state.url} target="_blank" rel="noreferrer" className="inline-flex items-center gap-1 font-medium text-accent-text hover:underline">
              <ExternalLink className="size-4" aria-hidden />
              Sign in at {new URL(state.url).host}
            </a>
          </p>
          <p className="text-muted">This page continues automatically when you are done there.</p>
        </Notice>
      ) : (
        <Notice role="status">
          Continue in the window that has opened. You have ten minutes; the result is shown here.
        </Notice>
      );
    case 'closed':
      return connected ? (
        <Notice tone="good" role="status">
          Connected.
        </Notice>
      ) : (
        <Notice tone="warn" role="status">
          <p>The window was closed without a result. If you have not granted access there, try again.</p>
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
          <p>The platform has a token now, and renews it automatically.</p>
        </Notice>
      ) : (
        <Notice tone="bad" role="alert">
          <p className="font-medium">Not connected</p>
          <p>{problemWords(state.heard.problem, state.heard.detail)}</p>
          <p className="flex gap-2 pt-1">
            <Button size="small" onClick={onAgain}>
              Try again
            </Button>
            <Button size="small" look="quiet" onClick={onClose}>
              Close
            </Button>
          </p>
        </Notice>
      );
  }
}
