/** Opens a file by a few letters of its path; `:12` goes to a line. */
import { Command } from 'cmdk';
import { Dialog } from 'radix-ui';
import { FileText } from 'lucide-react';
import { useMemo, useState } from 'react';
import { best } from './fuzzy';
import { folderOf, nameOf } from './paths';

/** Files that are offered. */
const OFFERED = 50;

interface Props {
  paths: readonly string[];
  /** Offered first: the files that are open. */
  open: readonly string[];
  chosen: string | undefined;
  onClose: () => void;
  onOpen: (path: string, line: number | undefined) => void;
}

export default function QuickOpen({ paths, open, chosen, onClose, onOpen }: Props) {
  const [search, setSearch] = useState('');
  const [letters = '', line] = search.split(':');
  const goal = line !== undefined && /^\d{1,7}$/.test(line) && Number(line) > 0 ? Number(line) : undefined;
  const offered = useMemo(() => {
    if (letters !== '') return best(letters, paths, OFFERED);
    if (line !== undefined) return chosen === undefined ? [] : [chosen];
    return [...new Set([...open.toReversed(), ...paths])].slice(0, OFFERED);
  }, [letters, line, paths, open, chosen]);
  return (
    <Dialog.Root open onOpenChange={(now) => !now && onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay className="fixed inset-0 z-50 bg-[oklch(0.15_0.01_265/0.45)] backdrop-blur-[2px]" />
        <Dialog.Content
          aria-describedby={undefined}
          className="fixed top-[12vh] left-1/2 z-50 w-[calc(100%-1.5rem)] max-w-xl -translate-x-1/2 overflow-hidden rounded-xl border bg-raised shadow-lift"
          onCloseAutoFocus={(event) => event.preventDefault()}
        >
          <Dialog.Title className="sr-only">Open a file</Dialog.Title>
          <Command label="Open a file" shouldFilter={false} loop>
            <Command.Input
              autoFocus
              value={search}
              onValueChange={setSearch}
              placeholder="A file, or :12 for a line…"
              className="h-11 w-full border-b bg-transparent px-4 text-sm outline-none placeholder:text-faint"
            />
            <Command.List className="max-h-[min(24rem,60vh)] overflow-y-auto p-1.5">
              <Command.Empty className="px-3 py-8 text-center text-ui text-muted">No file fits.</Command.Empty>
              {offered.map((path) => (
                <Command.Item
                  key={path}
                  value={path}
                  onSelect={() => {
                    onClose();
                    onOpen(path, goal);
                  }}
                  className="flex min-h-8 items-center gap-2.5 rounded-md px-2.5 text-ui data-[selected=true]:bg-accent-soft data-[selected=true]:text-accent-text"
                >
                  <FileText className="size-4 shrink-0 text-muted" aria-hidden />
                  <span className="truncate font-mono text-xs">{nameOf(path)}</span>
                  <span className="truncate font-mono text-xs text-faint">{folderOf(path)}</span>
                  {goal !== undefined && <span className="ml-auto text-xs text-muted">line {goal}</span>}
                </Command.Item>
              ))}
            </Command.List>
          </Command>
        </Dialog.Content>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
