/** The open files, each a link, and a way to close it. */
import { Link } from '@tanstack/react-router';
import { X } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { cn } from '@/lib/cn';
import type { Edits } from './edits';
import { folderOf, nameOf } from './paths';

/** Most files that stay open; the one that was not looked at for longest goes. */
const MOST = 16;

/** The open files of a workspace, kept in this browser. */
export function useOpenFiles(name: string, chosen: string | undefined) {
  const key = `bifrost-editor-open:${name}`;
  const [open, setOpen] = useState<string[]>(() => read(key));
  useEffect(() => {
    if (chosen === undefined) return;
    setOpen((old) => (old.includes(chosen) ? old : [...old, chosen].slice(-MOST)));
  }, [chosen]);
  useEffect(() => {
    try {
      localStorage.setItem(key, JSON.stringify(open));
    } catch {
      // Without room for it the files are only not open next time.
    }
  }, [key, open]);
  return { open, setOpen };
}

function read(key: string): string[] {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(kept) ? kept.filter((path) => typeof path === 'string') : [];
  } catch {
    return [];
  }
}

interface Props {
  open: readonly string[];
  chosen: string | undefined;
  edits: Edits;
  onClose: (path: string) => void;
}

export function OpenFiles({ open, chosen, edits, onClose }: Props) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [chosen, open.length]);
  const names = open.map(nameOf);
  const isTwice = (path: string) => names.filter((name) => name === nameOf(path)).length > 1;
  return (
    <ul ref={list} aria-label="Open files" className="flex h-9 min-w-0 flex-1 overflow-x-auto [scrollbar-width:none]">
      {open.map((path) => (
        <li
          key={path}
          className={cn(
            'group relative flex shrink-0 items-center border-r pr-1 base:text-muted',
            path === chosen && 'bg-surface text-ink shadow-[inset_0_2px_0_var(--accent-text)]',
          )}
        >
          <Link
            from="/code/edit"
            to="/code/edit"
            search={(old) => ({ ...old, path, line: undefined })}
            aria-current={path === chosen ? 'page' : undefined}
            title={path}
            onAuxClick={(event) => event.button === 1 && (event.preventDefault(), onClose(path))}
            className="flex h-full items-center gap-1.5 pr-1 pl-3 font-mono text-xs hover:text-ink focus-visible:-outline-offset-2"
          >
            {nameOf(path)}
            {isTwice(path) && <span className="text-faint">{folderOf(path)}</span>}
            {edits.has(path) && (
              <span role="img" aria-label="changed" className="text-warn">
                •
              </span>
            )}
          </Link>
          <button
            type="button"
            aria-label={`Close ${path}`}
            onClick={() => onClose(path)}
            className="grid size-6 place-items-center rounded text-faint hover:bg-hover hover:text-ink focus-visible:-outline-offset-2"
          >
            <X className="size-3.5" aria-hidden />
          </button>
        </li>
      ))}
    </ul>
  );
}
