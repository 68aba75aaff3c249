/** Whether it is paused; run now, see the runs, delete. */
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { FileClock, Play, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api, call } from '@/api/client';
import type { Schedule } from '@/api/types';
import { Button, LinkButton } from '@/ui/button';
import { Confirm } from '@/ui/confirm';
import { done, failed } from '@/ui/toast';
import { NextTime } from './next-time';
import { PauseButton } from './pause-button';

export function ScheduleActions({ schedule, onGone }: { schedule: Schedule; onGone: () => void }) {
  const navigate = useNavigate();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const params = { path: { id: schedule.id } };
  const emits = schedule.topic != null;
  const run = useMutation({
    mutationFn: () => call(api.POST('/api/schedules/{id}/run', { params })),
    onSuccess: (answer) => navigate({ to: '/runs/$id', params: { id: answer.execution_id } }),
    onError: failed,
  });
  const remove = async () => {
    await call(api.DELETE('/api/schedules/{id}', { params }));
    done(`“${schedule.name}” is deleted`);
    onGone();
    await client.invalidateQueries({ queryKey: ['schedules'] });
  };
  return (
    <div className="mb-4 flex flex-wrap items-center gap-2">
      <PauseButton schedule={schedule} />
      {!emits && (
        <>
          <Button size="small" busy={run.isPending} onClick={() => run.mutate()}>
            <Play aria-hidden />
            Run now
          </Button>
          <LinkButton size="small" to="/runs" search={{ schedule: schedule.id }}>
            <FileClock aria-hidden />
            Its runs
          </LinkButton>
        </>
      )}
      {schedule.source === 'api' && (
        <Button size="small" look="danger" onClick={() => setAsking(true)}>
          <Trash2 aria-hidden />
          Delete
        </Button>
      )}
      <span className="text-ui text-muted">
        {schedule.enabled ? 'Next: ' : 'Its times pass without a run: '}
        <NextTime schedule={schedule} />
      </span>
      <Confirm open={asking} onClose={() => setAsking(false)} title={`Delete “${schedule.name}”?`} action="Delete" onConfirm={remove}>
        {emits ? 'It emits nothing any more. What it has started stays in the history.' : 'It starts nothing any more. Its runs stay in the history.'}
      </Confirm>
    </div>
  );
}
