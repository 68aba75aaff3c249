/** How much of something is used; coloured when little room is left. */
import type { QuotaUsage } from '@/api/types';
import { isNear, usedWords } from '@/lib/quota';

export function Used({ usage, say }: { usage: QuotaUsage; say?: (value: number) => string }) {
  return <span className={isNear(usage) ? 'text-warn' : undefined}>{usedWords(usage, say)}</span>;
}
