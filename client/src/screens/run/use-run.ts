/** One run and its log, as they change. */
import { useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { logPage, logQuery, runQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import type { Execution, LogLine, Status } from '@/api/types';
import { live, useLiveState } from '@/frame/live';
import type { LiveMessage } from '@/lib/live';
import { readPages } from '@/lib/log-pages';
import { LogStore } from '@/lib/log-store';
import { isOver } from '@/ui/status';

/** How often a run is asked for that waits in line, or while the live connection is broken, in milliseconds. */
const ASK = 3_000;
/** How often it is asked for as long as it has not ended, whatever the live connection says. */
const ASK_SELDOM = 10_000;

const channelOf = (id: string): string => `execution:${id}`;

/** The run; its status follows the live connection. */
export function useRun(id: string): UseQueryResult<Execution> {
  const organization = useOrganization();
  const client = useQueryClient();
  const state = useLiveState();
  const query = runQuery(organization, id);
  const run = useQuery({
    ...query,
    refetchInterval: ({ state: { data } }) => {
      if (data === undefined || isOver(data.status)) return false;
      return data.status === 'Pending' || state === 'broken' ? ASK : ASK_SELDOM;
    },
  });
  const over = run.data !== undefined && isOver(run.data.status);
  useEffect(() => {
    if (over) return;
    const { queryKey } = runQuery(organization, id);
    const refresh = () => {
      void client.invalidateQueries({ queryKey });
      // What it started may have changed as well.
      void client.invalidateQueries({ queryKey: ['runs', organization] });
    };
    const message = (update: LiveMessage) => {
      if (update.type !== 'execution_update') return;
      const status = update.status as Status;
      if (isOver(status)) refresh();
      else client.setQueryData(queryKey, (old) => old && { ...old, ...changes(update, status) });
    };
    return live.listen(channelOf(id), { message, resumed: refresh });
  }, [client, organization, id, over]);
  return run;
}

function changes(update: LiveMessage, status: Status): Partial<Execution> {
  return {
    status,
    ...(typeof update.attempt === 'number' ? { attempt: update.attempt } : {}),
    ...(typeof update.started_at === 'string' ? { started_at: update.started_at } : {}),
  };
}

/** The log of a run: what there is by pages, then live, each line once. */
export function useLog(id: string): { log: LogStore; error: unknown } {
  const organization = useOrganization();
  const client = useQueryClient();
  const [log] = useState(() => {
    const begun = new LogStore();
    begun.add(client.getQueryData(logQuery(organization, id).queryKey)?.logs ?? []);
    return begun;
  });
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    const abort = new AbortController();
    let leave = () => {};
    const follow = async () => {
      const complete = await readPages(log, (after) =>
        after === 0 ? client.fetchQuery(logQuery(organization, id)) : logPage(id, after, abort.signal),
      );
      if (abort.signal.aborted) return;
      if (complete) log.finish();
      else leave = live.listen(channelOf(id), { after: () => log.last, message: taking(log) });
    };
    follow().catch((problem: unknown) => !abort.signal.aborted && setError(problem));
    return () => {
      abort.abort();
      leave();
    };
  }, [client, organization, id, log]);
  return { log, error };
}

/** Takes what comes from where the log goes on; what was under way before belongs further behind. */
function taking(log: LogStore): (message: LiveMessage) => void {
  let begun = false;
  return (message) => {
    if (message.type === 'subscribed') begun = true;
    else if (!begun) return;
    else if (message.type === 'execution_log') log.add([message as unknown as LogLine]);
    else if (message.type === 'execution_update' && isOver(message.status as Status)) log.finish();
  };
}
