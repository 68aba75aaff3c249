/** The lines in which two texts differ, as a unified diff. */

/** Unchanged lines around a change. */
const CONTEXT = 3;

/** Beyond so many differences the rest counts as replaced: comparing takes their square. */
const MOST = 1_000;

type Kind = ' ' | '-' | '+';

interface Line {
  kind: Kind;
  text: string;
}

/** A unified diff without the lines that name the files; empty for equal texts. */
export function unified(before: string, after: string): string {
  if (before === after) return '';
  const lines = edited(split(before), split(after));
  const hunks: string[] = [];
  let at = 0;
  let old = 1;
  let now = 1;
  const skip = (to: number) => {
    for (; at < to; at += 1) {
      if (lines[at]?.kind !== '+') old += 1;
      if (lines[at]?.kind !== '-') now += 1;
    }
  };
  while (at < lines.length) {
    const first = lines.findIndex((line, index) => index >= at && line.kind !== ' ');
    if (first < 0) break;
    skip(Math.max(at, first - CONTEXT));
    const begin = at;
    let last = first;
    for (let index = first; index < lines.length && index <= last + 2 * CONTEXT; index += 1) {
      if (lines[index]?.kind !== ' ') last = index;
    }
    const [oldBegin, nowBegin] = [old, now];
    skip(Math.min(lines.length, last + CONTEXT + 1));
    const place = (start: number, count: number) => `${count === 0 ? start - 1 : start},${count}`;
    hunks.push(`@@ -${place(oldBegin, old - oldBegin)} +${place(nowBegin, now - nowBegin)} @@`);
    for (const { kind, text } of lines.slice(begin, at)) {
      hunks.push(kind + text.replace(/\n$/, ''));
      if (!text.endsWith('\n')) hunks.push('\\ No newline at end of file');
    }
  }
  return `${hunks.join('\n')}\n`;
}

/** Lines with their ends. */
const split = (text: string): string[] => (text === '' ? [] : text.split(/(?<=\n)/));

/** All lines of both, by the shortest way from one to the other. */
function edited(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (
    end < before.length - start &&
    end < after.length - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  ) {
    end += 1;
  }
  const same = (text: string): Line => ({ kind: ' ', text });
  return [
    ...before.slice(0, start).map(same),
    ...shortest(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(same),
  ];
}

/** Myers' greedy way: for each number of differences the furthest that each diagonal gets. */
function shortest(before: readonly string[], after: readonly string[]): Line[] {
  const [rows, columns] = [before.length, after.length];
  const replaced = (): Line[] => [
    ...before.map((text): Line => ({ kind: '-', text })),
    ...after.map((text): Line => ({ kind: '+', text })),
  ];
  if (rows === 0 || columns === 0) return replaced();
  const limit = Math.min(rows + columns, MOST);
  const width = 2 * limit + 2;
  const reach = new Int32Array(width);
  const history: Int32Array[] = [];
  for (let count = 0; count <= limit; count += 1) {
    history.push(reach.slice());
    for (let diagonal = -count; diagonal <= count; diagonal += 2) {
      let x = comesDown(reach, limit, diagonal, count)
        ? (reach[limit + diagonal + 1] ?? 0)
        : (reach[limit + diagonal - 1] ?? 0) + 1;
      let y = x - diagonal;
      while (x < rows && y < columns && before[x] === after[y]) {
        x += 1;
        y += 1;
      }
      reach[limit + diagonal] = x;
      if (x >= rows && y >= columns) return back(before, after, history, limit);
    }
  }
  return replaced();
}

/** True when a diagonal is reached from the one above it: by an added line. */
const comesDown = (reach: Int32Array, middle: number, diagonal: number, count: number): boolean =>
  diagonal === -count ||
  (diagonal !== count && (reach[middle + diagonal - 1] ?? 0) < (reach[middle + diagonal + 1] ?? 0));

/** The way back from the end, by what was reachable with each number of differences. */
function back(before: readonly string[], after: readonly string[], history: Int32Array[], middle: number): Line[] {
  const lines: Line[] = [];
  let [x, y] = [before.length, after.length];
  for (let count = history.length - 1; count >= 0; count -= 1) {
    const reach = history[count] ?? new Int32Array();
    const diagonal = x - y;
    const previous = comesDown(reach, middle, diagonal, count) ? diagonal + 1 : diagonal - 1;
    const fromX = count === 0 ? 0 : (reach[middle + previous] ?? 0);
    const fromY = count === 0 ? 0 : fromX - previous;
    while (x > fromX && y > fromY) {
      x -= 1;
      y -= 1;
      lines.push({ kind: ' ', text: before[x] ?? '' });
    }
    if (count === 0) break;
    if (x === fromX) lines.push({ kind: '+', text: after[(y -= 1)] ?? '' });
    else lines.push({ kind: '-', text: before[(x -= 1)] ?? '' });
  }
  return lines.reverse();
}
