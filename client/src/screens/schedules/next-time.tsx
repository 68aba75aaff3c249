/** When a schedule comes next, or why it does not. */
import type { Schedule } from '@/api/types';
import { Badge } from '@/ui/badge';
import { Ago } from '@/ui/time';

export function NextTime({ schedule }: { schedule: Schedule }) {
  if (!schedule.enabled) return <Badge tone="warn">Paused</Badge>;
  if (schedule.next_run_at == null) return <span className="text-muted">never</span>;
  return <Ago at={schedule.next_run_at} className="relative z-10 whitespace-nowrap" />;
}
