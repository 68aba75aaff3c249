/** What lists of rows in a form share. */

export interface RowsProps<T> {
  rows: T[];
  onChange: (rows: T[]) => void;
  /** Somebody has tried to save it: problems are shown. */
  tried: boolean;
}

export const replaced = <T>(rows: T[], index: number, part: Partial<T>): T[] => rows.map((row, at) => (at === index ? { ...row, ...part } : row));
