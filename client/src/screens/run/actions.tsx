/** What can be done with a run. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Link, useNavigate } from '@tanstack/react-router';
import { Ban, Download, Ellipsis, PencilLine, RotateCw } from 'lucide-react';
import { lazy, Suspense, useState, useSyncExternalStore } from 'react';
import { api, call } from '@/api/client';
import { useMay, useMe } from '@/api/session';
import type { Execution } from '@/api/types';
import { download } from '@/lib/format';
import type { LogStore } from '@/lib/log-store';
import { Button } from '@/ui/button';
import { Menu, MenuItem, MenuLink } from '@/ui/menu';
import { isOver } from '@/ui/status';
import { done, failed } from '@/ui/toast';

// What is only seen after a press.
const Confirm = lazy(() => import('@/ui/confirm').then((all) => ({ default: all.Confirm })));

export function Actions({ run, log }: { run: Execution; log: LogStore }) {
  const me = useMe();
  const may = useMay();
  const navigate = useNavigate();
  const client = useQueryClient();
  const [cancelling, setCancelling] = useState(false);
  const isEmpty = useSyncExternalStore(log.subscribe, () => log.size === 0);
  const isWhole = useSyncExternalStore(log.subscribe, () => log.complete);
  const params = { path: { id: run.execution_id } };
  const mine = run.executed_by === me.user_id || may('executions.manage');
  const over = isOver(run.status);
  const rerun = useMutation({
    mutationFn: () => call(api.POST('/api/executions/{id}/rerun', { params, body: {} })),
    onSuccess: (answer) => navigate({ to: '/runs/$id', params: { id: answer.execution_id } }),
    onError: failed,
  });
  const cancel = async () => {
    await call(api.POST('/api/executions/{id}/cancel', { params }));
    done('The run is being cancelled');
    await client.invalidateQueries({ queryKey: ['run'] });
  };
  const name = `${run.workflow_name}-${run.execution_id.slice(0, 8)}`;
  return (
    <>
      {!over && mine && (
        <Button look="danger" disabled={run.status === 'Cancelling'} onClick={() => setCancelling(true)}>
          <Ban aria-hidden />
          Cancel
        </Button>
      )}
      {mine && (
        <Button busy={rerun.isPending} onClick={() => rerun.mutate()}>
          {!rerun.isPending && <RotateCw aria-hidden />}
          Run again
        </Button>
      )}
      <Menu
        label="More"
        trigger={
          <Button size="icon" aria-label="More">
            <Ellipsis aria-hidden />
          </Button>
        }
      >
        {mine && (
          <MenuLink>
            <Link to="/workflows/$id" params={{ id: run.workflow_id }} search={{ from: run.execution_id }}>
              <PencilLine aria-hidden />
              Edit the input and run
            </Link>
          </MenuLink>
        )}
        <MenuItem disabled={isEmpty} onSelect={() => download(`${name}.log`, log.text())}>
          <Download aria-hidden />
          {isWhole ? 'Download the log' : 'Download the log so far'}
        </MenuItem>
        <MenuItem
          disabled={run.result === null || run.result === undefined}
          onSelect={() => download(`${name}.json`, JSON.stringify(run.result, null, 2), 'application/json')}
        >
          <Download aria-hidden />
          Download the result
        </MenuItem>
      </Menu>
      {cancelling && (
        <Suspense>
          <Confirm
            open
            onClose={() => setCancelling(false)}
            title="Cancel this run?"
            action="Cancel the run"
            onConfirm={cancel}
          >
            What it has done until now stays done. It cannot go on from there.
          </Confirm>
        </Suspense>
      )}
    </>
  );
}
