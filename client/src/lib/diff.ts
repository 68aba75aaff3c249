/** A unified diff as rows of a table. */

export type Change = 'added' | 'removed' | 'same' | 'hunk';

export interface DiffRow {
  change: Change;
  /** Line in the old file. */
  before?: number;
  /** Line in the new file. */
  after?: number;
  text: string;
}

const HUNK = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@(.*)$/;

/** Reads a unified diff; the two lines that name the files are left out. */
export function rows(diff: string): DiffRow[] {
  const found: DiffRow[] = [];
  let before = 0;
  let after = 0;
  for (const text of diff.replace(/\n$/, '').split('\n')) {
    const hunk = HUNK.exec(text);
    if (hunk !== null) {
      before = Number(hunk[1]);
      after = Number(hunk[2]);
      found.push({ change: 'hunk', text });
    } else if (before === 0 && after === 0) {
      // The header before the first hunk.
    } else if (text.startsWith('+')) {
      found.push({ change: 'added', after: after++, text: text.slice(1) });
    } else if (text.startsWith('-')) {
      found.push({ change: 'removed', before: before++, text: text.slice(1) });
    } else if (text.startsWith('\\')) {
      found.push({ change: 'hunk', text: text.slice(2) });
    } else {
      found.push({ change: 'same', before: before++, after: after++, text: text.slice(1) });
    }
  }
  return found;
}

/** How many lines a diff adds and removes. */
export function totals(diff: readonly DiffRow[]): { added: number; removed: number } {
  const number = (change: Change) => diff.filter((row) => row.change === change).length;
  return { added: number('added'), removed: number('removed') };
}
