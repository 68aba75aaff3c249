/** Where a delivery stands: an icon, a word, a colour. */
import { CircleCheck, CircleDashed, CircleX, Filter, type LucideIcon } from 'lucide-react';
import type { AdapterChoice, DeliveryState } from '@/api/types';
import { Badge, type Tone } from '@/ui/badge';

interface Shown {
  word: string;
  icon: LucideIcon;
  tone: Tone;
}

export const STATES: Record<DeliveryState, Shown> = {
  pending: { word: 'Waiting', icon: CircleDashed, tone: 'info' },
  done: { word: 'Started', icon: CircleCheck, tone: 'good' },
  ignored: { word: 'Ignored', icon: Filter, tone: 'neutral' },
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

const ADAPTER_STATES: Record<AdapterChoice['status'], Shown> = {
  pending: { word: 'About to subscribe', icon: CircleDashed, tone: 'info' },
  active: { word: 'Subscribed', icon: CircleCheck, tone: 'good' },
  failed: { word: 'Not subscribed', icon: CircleX, tone: 'bad' },
  ending: { word: 'Being deleted', icon: CircleDashed, tone: 'warn' },
};

/** Where an adapter's subscription at the other system stands; nothing for one that needs none. */
export function AdapterBadge({ adapter }: { adapter: AdapterChoice }) {
  if (!adapter.is_deployed) return <Badge tone="bad">Not deployed</Badge>;
  if (!adapter.subscribes && adapter.status === 'active') return null;
  const { word, icon: Icon, tone } = ADAPTER_STATES[adapter.status];
  return (
    <Badge tone={tone}>
      <Icon aria-hidden />
      {word}
    </Badge>
  );
}

/** Why a subscription has no run, in words. */
export function reasonWords(reason: string): string {
  return reason === 'filtered' ? 'its conditions do not match' : reason;
}
