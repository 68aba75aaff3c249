/** A sentence that somebody should read before they go on. */
import { CircleAlert, CircleCheck, CircleX, Info } from 'lucide-react';
import type { ReactNode } from 'react';
import { cn } from '@/lib/cn';

type Tone = 'info' | 'warn' | 'bad' | 'good';

const SOFT: Record<Tone, string> = { info: 'bg-info-soft', warn: 'bg-warn-soft', bad: 'bg-bad-soft', good: 'bg-good-soft' };
const STRONG: Record<Tone, string> = { info: 'text-info', warn: 'text-warn', bad: 'text-bad', good: 'text-good' };
const ICONS = { info: Info, warn: CircleAlert, bad: CircleX, good: CircleCheck };

interface Props {
  tone?: Tone;
  /** Read out at once where it appears. */
  role?: 'status' | 'alert';
  className?: string;
  children: ReactNode;
}

export function Notice({ tone = 'info', role, className, children }: Props) {
  const Icon = ICONS[tone];
  return (
    <div role={role} className={cn('flex min-w-0 items-start gap-2 rounded-md px-3 py-2 text-ui', SOFT[tone], className)}>
      <Icon className={cn('mt-0.5 size-4 shrink-0', STRONG[tone])} aria-hidden />
      <div className="grid min-w-0 flex-1 gap-1 break-words">{children}</div>
    </div>
  );
}
