/** The rows of a log; only those on the screen exist. */
import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef } from 'react';
import type { LogLevel } from '@/api/types';
import { cn } from '@/lib/cn';
import type { Row } from '@/lib/log-store';
import { timeOfDay, whole } from '@/lib/time';

/** Height of a row that is not wrapped, in pixels; that of a link that a finger finds, at least. */
const HEIGHT = 24;
/** Whoever is within so many pixels of the end is at the end. */
const AT_END = 28;

/** What goes up. */
const UP = ['Home', 'PageUp', 'ArrowUp'];

const TONES: Record<LogLevel, string> = {
  DEBUG: 'text-faint',
  INFO: 'text-info',
  WARNING: 'text-warn',
  ERROR: 'text-bad',
  CRITICAL: 'text-bad font-semibold',
  TRACEBACK: 'text-bad',
};

interface Props {
  rows: Row[];
  wrap: boolean;
  follow: boolean;
  onFollow: (follow: boolean) => void;
  /** Sequence of the line that the URL names. */
  marked?: number | undefined;
  /** Without it lines cannot be named. */
  onMark?: (sequence: number) => void;
  className?: string;
}

export function LogRows({ rows, wrap, follow, onFollow, marked, onMark, className }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => HEIGHT,
    overscan: 24,
  });
  const last = rows.length - 1;
  useEffect(() => {
    if (follow && last >= 0) virtual.scrollToIndex(last, { align: 'end' });
  }, [follow, last, virtual]);
  // Once, when the line is there: after that the reader scrolls.
  const shown = useRef<number>(undefined);
  useEffect(() => {
    if (marked === undefined || shown.current === marked) return;
    const index = rows.findIndex((row) => row.line.sequence === marked);
    if (index < 0) return;
    shown.current = marked;
    virtual.scrollToIndex(index, { align: 'center' });
  }, [marked, rows, virtual]);
  // Whoever goes up wants to read. Keys and wheel tell at once: what they scroll is animated, and the next line would undo it.
  const up = () => follow && box.current !== null && box.current.scrollTop > 0 && onFollow(false);
  // Following only ever scrolls down, so a bar that is dragged up is told by where it is.
  const top = useRef(0);
  const scrolled = () => {
    const element = box.current;
    if (element === null) return;
    const { scrollTop, scrollHeight, clientHeight } = element;
    if (follow && scrollTop < top.current && scrollHeight - scrollTop - clientHeight > AT_END) onFollow(false);
    top.current = scrollTop;
  };
  return (
    <div
      ref={box}
      role="region"
      aria-label="Log lines"
      tabIndex={0}
      onScroll={scrolled}
      onKeyDown={({ key }) => UP.includes(key) && up()}
      onWheel={({ deltaY }) => deltaY < 0 && up()}
      className={cn(
        'base:max-h-[clamp(16rem,calc(100dvh-22rem),60rem)] min-h-24 overflow-auto py-2 font-mono text-xs leading-6 focus-visible:-outline-offset-2',
        className,
      )}
    >
      <div className="relative" ref={(element) => element?.style.setProperty('height', `${virtual.getTotalSize()}px`)}>
        {virtual.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (row === undefined) return null;
          return (
            <div
              key={item.key}
              data-index={item.index}
              ref={wrap ? virtual.measureElement : undefined}
              style={{ transform: `translateY(${item.start}px)` }}
              className="absolute top-0 left-0 w-full"
            >
              <LogRow row={row} wrap={wrap} marked={row.line.sequence === marked} onMark={onMark} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

interface RowProps {
  row: Row;
  wrap: boolean;
  marked: boolean;
  onMark: ((sequence: number) => void) | undefined;
}

function LogRow({ row: { line, text, first }, wrap, marked, onMark }: RowProps) {
  const time = new Date(line.timestamp);
  return (
    <div className={cn('flex gap-3 px-3 hover:bg-hover/70', marked && 'bg-accent-soft')}>
      {first && onMark !== undefined ? (
        <Link
          from="/runs/$id"
          to="."
          search={(old) => ({ ...old, tab: 'log', line: line.sequence })}
          preload={false}
          aria-label={`Line ${line.sequence}`}
          aria-current={marked ? 'true' : undefined}
          onClick={(event) => {
            if (event.metaKey || event.ctrlKey || event.shiftKey) return;
            event.preventDefault();
            onMark(line.sequence);
          }}
          className="w-[6ch] shrink-0 text-right text-faint tabular-nums select-none hover:text-accent-text hover:underline"
        >
          {line.sequence}
        </Link>
      ) : (
        <span className="w-[6ch] shrink-0 text-right text-faint tabular-nums select-none">{first && line.sequence}</span>
      )}
      <time
        dateTime={line.timestamp}
        title={whole(time)}
        className={cn('shrink-0 text-faint tabular-nums max-sm:hidden', !first && 'invisible')}
      >
        {timeOfDay(time)}
      </time>
      <span className={cn('w-[8ch] shrink-0 max-sm:w-[1ch] max-sm:overflow-hidden', TONES[line.level], !first && 'invisible')}>
        {line.level === 'TRACEBACK' ? 'TRACE' : line.level}
      </span>
      <span title={line.logger} className={cn('min-w-0', wrap ? 'break-words whitespace-pre-wrap' : 'whitespace-pre')}>
        {text === '' ? ' ' : text}
      </span>
    </div>
  );
}
