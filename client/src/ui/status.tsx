/** Where a run stands: an icon, a word, a colour. */
import {
  Ban,
  CalendarClock,
  CircleAlert,
  CircleCheck,
  CircleDashed,
  CircleX,
  Hourglass,
  LoaderCircle,
  Pause,
  TimerOff,
  type LucideIcon,
} from 'lucide-react';
import type { Status } from '@/api/types';
import { Badge, type Tone } from './badge';
import { cn } from '@/lib/cn';

export const STATUSES = [
  'Scheduled',
  'Pending',
  'Running',
  'Waiting',
  'Success',
  'CompletedWithErrors',
  'Failed',
  'Timeout',
  'Cancelling',
  'Cancelled',
] as const satisfies readonly Status[];

interface Shown {
  word: string;
  icon: LucideIcon;
  tone: Tone;
  turns?: boolean;
}

const SHOWN: Record<Status, Shown> = {
  Scheduled: { word: 'Scheduled', icon: CalendarClock, tone: 'neutral' },
  Pending: { word: 'Waiting to start', icon: CircleDashed, tone: 'neutral' },
  Running: { word: 'Running', icon: LoaderCircle, tone: 'info', turns: true },
  Waiting: { word: 'Waiting', icon: Pause, tone: 'info' },
  Success: { word: 'Succeeded', icon: CircleCheck, tone: 'good' },
  CompletedWithErrors: { word: 'Done with errors', icon: CircleAlert, tone: 'warn' },
  Failed: { word: 'Failed', icon: CircleX, tone: 'bad' },
  Timeout: { word: 'Timed out', icon: TimerOff, tone: 'bad' },
  Cancelling: { word: 'Cancelling', icon: Hourglass, tone: 'warn' },
  Cancelled: { word: 'Cancelled', icon: Ban, tone: 'neutral' },
};

/** The status in words. */
export const statusWord = (status: Status): string => SHOWN[status].word;

const OVER: readonly Status[] = ['Success', 'CompletedWithErrors', 'Failed', 'Timeout', 'Cancelled'];
const WRONG: readonly Status[] = ['CompletedWithErrors', 'Failed', 'Timeout'];

/** True when nothing more happens to the run. */
export const isOver = (status: Status): boolean => OVER.includes(status);

/** Those that went wrong, and those that are under way, as lists of runs are filtered. */
export const WENT_WRONG = WRONG.join(',');
export const UNDER_WAY = STATUSES.filter((status) => !isOver(status)).join(',');

export function StatusBadge({ status, className }: { status: Status; className?: string }) {
  const { word, icon: Icon, tone, turns } = SHOWN[status];
  return (
    <Badge tone={tone} className={cn(className)}>
      <Icon className={turns === true ? 'animate-spin' : undefined} aria-hidden />
      {word}
    </Badge>
  );
}
