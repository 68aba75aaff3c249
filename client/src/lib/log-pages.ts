/** What there is of a log, by pages. */
import type { LogLine } from '@/api/types';
import type { LogStore } from './log-store';

/** Lines that are read at once; the most that the server gives. */
export const PAGE = 10_000;

/** Lines after a sequence, and whether further ones can come. */
interface Page {
  logs: LogLine[];
  next: number;
  complete: boolean;
}

/**
 * Reads on until a page is not full: what is written from then on comes live, and asking for it
 * would go on for as long as the run does. True when nothing more can come.
 */
export async function readPages(log: LogStore, read: (after: number) => Promise<Page>): Promise<boolean> {
  for (let after = 0; ; ) {
    const { logs, next, complete } = await read(after);
    log.add(logs);
    // Not by their number: some lines are not for everybody.
    if (complete || next - after < PAGE) return complete;
    after = next;
  }
}
