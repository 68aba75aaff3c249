/** How documents are shown in rows, and how a changed one is sent. */
import type { Document } from '@/api/types';

/** More columns than these make rows that nobody reads. */
const MOST = 6;

/** The fields that most documents of a page have, those of the first one first. */
export function columnsOf(documents: readonly Document[]): string[] {
  const counts = new Map<string, number>();
  for (const { data } of documents) for (const key of Object.keys(data)) counts.set(key, (counts.get(key) ?? 0) + 1);
  const order = [...counts.keys()];
  return order
    .map((key, index) => ({ key, index, count: counts.get(key) ?? 0 }))
    .sort((a, b) => b.count - a.count || a.index - b.index)
    .slice(0, MOST)
    .sort((a, b) => a.index - b.index)
    .map(({ key }) => key);
}

type Data = Record<string, unknown>;

export interface Difference {
  /** Fields that are new or different. */
  laid: Data;
  /** Fields that are gone: only replacing all of a document takes one away. */
  gone: string[];
}

/** What has changed from one content to another. */
export function difference(before: Data, after: Data): Difference {
  const laid = Object.entries(after).filter(([key, value]) => !(key in before) || JSON.stringify(before[key]) !== JSON.stringify(value));
  return { laid: Object.fromEntries(laid), gone: Object.keys(before).filter((key) => !(key in after)) };
}
