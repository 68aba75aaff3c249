/** Where a delivery stands: an icon, a word, a colour. */
import { CircleCheck, CircleDashed, CircleX, Filter, type LucideIcon } from 'lucide-react';
import type { DeliveryState } from '@/api/types';
import { Badge, type Tone } from '@/ui/badge';

interface Shown {
  word: string;
  icon: LucideIcon;
  tone: Tone;
}

export const STATES: Record<DeliveryState, Shown> = {
  pending: { word: 'Waiting', icon: CircleDashed, tone: 'info' },
  done: { word: 'Started', icon: CircleCheck, tone: 'good' },
  ignored: { word: 'For nobody', icon: Filter, tone: 'neutral' },
  failed: { word: 'Failed', icon: CircleX, tone: 'bad' },
};

export const STATE_NAMES = Object.keys(STATES) as DeliveryState[];

export function DeliveryBadge({ state }: { state: DeliveryState }) {
  const { word, icon: Icon, tone } = STATES[state];
  return (
    <Badge tone={tone}>
      <Icon aria-hidden />
      {word}
    </Badge>
  );
}

/** Why a subscription has no run, in words. */
export function reasonWords(reason: string): string {
  return reason === 'filtered' ? 'its filter does not fit' : reason;
}
