/** The log of one run, as it grows: each line once and in order, whatever is sent twice. */
import type { LogLevel, LogLine } from '@/api/types';

/** Levels to filter by, the least serious first. */
export const LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const satisfies readonly LogLevel[];

/** Between two calls of the listeners, in milliseconds: each draws the whole log anew. */
const CALM = 100;

/** How serious a level is; a traceback belongs to its error. */
const rank = (level: LogLevel): number => LEVELS.indexOf(level === 'TRACEBACK' ? 'ERROR' : level);

/** One row on the screen: a line of the log, or a further line of a message with several. */
export interface Row {
  line: LogLine;
  text: string;
  /** True for the first row of its line. */
  first: boolean;
}

export interface LogFilter {
  /** Only lines at least this serious. */
  level: LogLevel | undefined;
  /** Only lines with this text; case does not matter. */
  search: string | undefined;
}

export class LogStore {
  private lines: LogLine[] = [];
  private readonly listeners = new Set<() => void>();
  private version = 0;
  private notifying = false;
  private told = 0;
  private finished = false;

  /** Sequence of the last line; where the log goes on. */
  get last(): number {
    return this.lines.at(-1)?.sequence ?? 0;
  }

  /** How many lines there are. */
  get size(): number {
    return this.lines.length;
  }

  /** True when no further line can come. */
  get complete(): boolean {
    return this.finished;
  }

  /** Takes lines; those that are there already change nothing. */
  add(lines: readonly LogLine[]): void {
    const before = this.size;
    for (const line of lines) this.place(line);
    if (this.size > before) this.changed();
  }

  /** Says that no further line comes. */
  finish(): void {
    this.finished = true;
    this.changed();
  }

  /** All lines, as a file has them. */
  text(): string {
    return this.lines.map((l) => `${l.timestamp} ${l.level.padEnd(8)} ${l.logger}: ${l.message}\n`).join('');
  }

  /** The rows that a filter leaves. */
  rows(filter: LogFilter): Row[] {
    const least = filter.level === undefined ? 0 : rank(filter.level);
    const search = filter.search?.toLowerCase();
    const rows: Row[] = [];
    for (const line of this.lines) {
      if (rank(line.level) < least) continue;
      if (search !== undefined && !line.message.toLowerCase().includes(search)) continue;
      if (!line.message.includes('\n')) {
        rows.push({ line, text: line.message, first: true });
        continue;
      }
      line.message.split('\n').forEach((text, index) => rows.push({ line, text, first: index === 0 }));
    }
    return rows;
  }

  /** Calls back after changes, at once after the first, then ten times a second at most. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Another value after every change. */
  readonly snapshot = (): number => this.version;

  private place(line: LogLine): void {
    if (line.sequence > this.last) {
      this.lines.push(line);
      return;
    }
    let [from, to] = [0, this.lines.length];
    while (from < to) {
      const middle = Math.floor((from + to) / 2);
      if ((this.lines[middle]?.sequence ?? 0) < line.sequence) from = middle + 1;
      else to = middle;
    }
    if (this.lines[from]?.sequence !== line.sequence) this.lines.splice(from, 0, line);
  }

  private changed(): void {
    this.version += 1;
    if (this.notifying) return;
    this.notifying = true;
    const wait = Math.min(Math.max(this.told + CALM - Date.now(), 0), CALM);
    setTimeout(() => {
      this.notifying = false;
      this.told = Date.now();
      for (const listener of this.listeners) listener();
    }, wait);
  }
}
