/** The live connection of this page, and lists that follow it. */
import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import { may, useMe, useScopeId } from '@/api/session';
import { Live, type LiveState } from '@/lib/live';

/** Changes that come within so many milliseconds refresh a list once. */
const TOGETHER = 400;

class PageLive extends Live {
  private organization: string | undefined;

  constructor() {
    super(() => {
      const url = new URL('/ws/connect', location.href);
      url.protocol = url.protocol.replace('http', 'ws');
      if (this.organization !== undefined) url.searchParams.set('organization', this.organization);
      return new WebSocket(url);
    });
  }

  /** What the connection is about from now on. */
  setOrganization(organization: string | undefined): void {
    if (organization === this.organization) return;
    this.organization = organization;
    this.restart();
  }
}

export const live = new PageLive();

/** Whether the connection stands. */
export const useLiveState = (): LiveState => useSyncExternalStore(live.watch, () => live.state);

/** Reads lists of runs again when one begins, changes or ends. */
export function useLiveRuns(): void {
  const client = useQueryClient();
  const me = useMe();
  const scope = useScopeId();
  const channel = may(me, 'executions.read') ? `organization:${scope}` : `history:user:${me.user_id}`;
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const refresh = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        void client.invalidateQueries({ queryKey: ['runs'] });
      }, TOGETHER);
    };
    const leave = live.listen(channel, {
      message: (message) => message.type === 'history_update' && refresh(),
      resumed: refresh,
    });
    return () => {
      clearTimeout(timer);
      leave();
    };
  }, [channel, client]);
}
