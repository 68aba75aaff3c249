/** How much of something is used, beside how much there may be. */
import type { QuotaUsage } from '@/api/types';
import { count } from './format';

/** From this share on there is little room left. */
const NEAR = 0.9;

/** `3 of 2,000`; only `3` where nothing bounds it. */
export const usedWords = ({ used, quota }: QuotaUsage, say: (value: number) => string = count): string =>
  quota == null ? say(used) : `${say(used)} of ${say(quota)}`;

/** True when little room is left, or none. */
export const isNear = ({ used, quota }: QuotaUsage): boolean => quota != null && used >= quota * NEAR;
