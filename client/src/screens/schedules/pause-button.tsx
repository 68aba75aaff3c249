/** Pauses a schedule; the same button ends the pause. */
import { CirclePause, CirclePlay } from 'lucide-react';
import { api, call } from '@/api/client';
import type { Schedule } from '@/api/types';
import { useSave } from '@/lib/change';
import { Button } from '@/ui/button';
import { Tip } from '@/ui/tip';

interface Props {
  schedule: Schedule;
  /** Only a symbol, for rows of lists. */
  small?: boolean;
}

export function PauseButton({ schedule, small = false }: Props) {
  const params = { path: { id: schedule.id } };
  const isPaused = !schedule.enabled;
  const change = useSave(
    () => (isPaused ? call(api.POST('/api/schedules/{id}/resume', { params })) : call(api.POST('/api/schedules/{id}/pause', { params }))),
    {
      says: ({ name, enabled }) => (enabled ? `“${name}” goes on` : `“${name}” is paused`),
      again: ['schedules'],
      loud: true,
    },
  );
  const Icon = isPaused ? CirclePlay : CirclePause;
  const word = isPaused ? 'Resume' : 'Pause';
  if (!small) {
    return (
      <Button size="small" busy={change.isPending} onClick={() => change.mutate()}>
        <Icon aria-hidden />
        {word}
      </Button>
    );
  }
  return (
    <Tip text={isPaused ? 'Resume: times that have passed are not made up for' : 'Pause: its times pass without a run'}>
      <Button
        look="quiet"
        size="small"
        className="relative z-10"
        aria-label={`${word} ${schedule.name}`}
        disabled={change.isPending}
        onClick={() => change.mutate()}
      >
        <Icon aria-hidden />
      </Button>
    </Tip>
  );
}
