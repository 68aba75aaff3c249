/** The files of the workspace, to be walked, opened, made, moved and deleted. */
import { useVirtualizer } from '@tanstack/react-virtual';
import {
  ChevronRight,
  Ellipsis,
  FileCode2,
  FilePlus,
  FileText,
  Folder,
  FolderOpen,
  FolderPlus,
  FolderUp,
  PencilLine,
  Play,
  Share2,
  Trash2,
  Upload,
} from 'lucide-react';
import { useEffect, useMemo, useRef, useState, type DragEvent, type KeyboardEvent } from 'react';
import { cn } from '@/lib/cn';
import { Button } from '@/ui/button';
import { Menu, MenuItem, MenuSeparator } from '@/ui/menu';
import { folderOf, foldersAbove } from './paths';
import { rowsOf, step, type TreeFile, type TreeRow } from './tree';

/** What can be done with a row. */
export interface TreeActions {
  open: (path: string) => void;
  run?: (path: string) => void;
  make: (what: 'file' | 'folder', within: string) => void;
  upload: (what: 'files' | 'folder', within: string) => void;
  rename: (path: string) => void;
  remove: (path: string) => void;
  /** Dropped on a folder: a file or folder of the tree, or files of the computer. */
  drop: (from: string, folder: string) => void;
  dropFiles: (items: DataTransferItemList, folder: string) => void;
}

interface Props {
  files: readonly TreeFile[];
  /** Folders without a file. */
  empty: readonly string[];
  chosen: string | undefined;
  /** Nothing for those who may only look. */
  actions: TreeActions;
  mayEdit: boolean;
}

/** Height of a row, in pixels. */
const HEIGHT = 28;

/** What is dragged within the tree. */
const DRAGGED = 'application/x-bifrost-path';

export function FileTree({ files, empty, chosen, actions, mayEdit }: Props) {
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(files.length > 60 ? [] : foldersOf(files)));
  const [focus, setFocus] = useState<string>();
  const [target, setTarget] = useState<string>();
  const box = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => rowsOf(files, open, empty), [files, open, empty]);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => HEIGHT,
    overscan: 20,
  });
  useEffect(() => {
    if (chosen !== undefined) setOpen((old) => new Set([...old, ...foldersAbove(chosen)]));
  }, [chosen]);
  useEffect(() => setOpen((old) => new Set([...old, ...empty.flatMap(foldersAbove)])), [empty]);
  const shown = rows.findIndex((row) => row.path === chosen);
  useEffect(() => {
    if (shown >= 0) virtual.scrollToIndex(shown);
    // Only when another file is chosen: whoever scrolls wants to look elsewhere.
  }, [chosen, shown >= 0]);
  const at = Math.max(0, rows.findIndex((row) => row.path === (focus ?? chosen)));
  const toggle = (path: string) =>
    setOpen((old) => {
      const now = new Set(old);
      if (!now.delete(path)) now.add(path);
      return now;
    });
  const activate = (row: TreeRow) => (row.file === undefined ? toggle(row.path) : actions.open(row.path));
  const press = (event: KeyboardEvent) => {
    const row = rows[at];
    if (row === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target instanceof HTMLElement && event.target.closest('[data-menu]') !== null) return;
    const isOwn = mayEdit && row.file?.isShared !== true;
    if (event.key === 'Enter' || event.key === ' ') activate(row);
    else if (event.key === 'F2' && isOwn) actions.rename(row.path);
    else if (event.key === 'Delete' && isOwn) actions.remove(row.path);
    else {
      const done = step(rows, at, event.key);
      if (done === undefined) return;
      if ('to' in done) {
        setFocus(rows[done.to]?.path);
        virtual.scrollToIndex(done.to);
        // The row may only be there after scrolling.
        requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`[data-index="${done.to}"]`)?.focus());
      } else toggle('open' in done ? done.open : done.close);
    }
    event.preventDefault();
  };
  const over = (event: DragEvent, folder: string) => {
    if (!mayEdit) return;
    event.preventDefault();
    event.stopPropagation();
    setTarget(folder);
  };
  const dropped = (event: DragEvent, folder: string) => {
    if (!mayEdit) return;
    event.preventDefault();
    event.stopPropagation();
    setTarget(undefined);
    const from = event.dataTransfer.getData(DRAGGED);
    if (from !== '') actions.drop(from, folder);
    else if (event.dataTransfer.items.length > 0) actions.dropFiles(event.dataTransfer.items, folder);
  };
  return (
    <div
      ref={box}
      onDragOver={(event) => over(event, '')}
      onDragLeave={() => setTarget(undefined)}
      onDrop={(event) => dropped(event, '')}
      className={cn('min-h-0 flex-1 overflow-y-auto p-1.5', target === '' && 'bg-accent-soft')}
    >
      <div
        role="tree"
        aria-label="Files"
        onKeyDown={press}
        className="relative"
        ref={(element) => element?.style.setProperty('height', `${virtual.getTotalSize()}px`)}
      >
        {virtual.getVirtualItems().map(({ index, start }) => {
          const row = rows[index];
          if (row === undefined) return null;
          const folder = row.file === undefined ? row.path : folderOf(row.path);
          return (
            <div
              key={row.path}
              data-index={index}
              role="treeitem"
              aria-level={row.level}
              aria-posinset={row.position}
              aria-setsize={row.siblings}
              aria-expanded={row.isOpen}
              aria-selected={row.path === chosen}
              aria-label={labelOf(row)}
              tabIndex={index === at ? 0 : -1}
              title={row.path}
              draggable={mayEdit && row.file?.isShared !== true}
              onDragStart={(event) => event.dataTransfer.setData(DRAGGED, row.path)}
              onDragOver={(event) => over(event, folder)}
              onDrop={(event) => dropped(event, folder)}
              onFocus={() => setFocus(row.path)}
              onClick={() => activate(row)}
              style={{ transform: `translateY(${start}px)`, paddingLeft: `${row.level * 14 - 8}px` }}
              className={cn(
                'group absolute top-0 left-0 flex h-7 w-full cursor-pointer items-center gap-1.5 rounded pr-1 text-xs base:text-muted select-none base:hover:bg-hover base:hover:text-ink focus-visible:-outline-offset-2',
                row.path === chosen && 'bg-accent-soft text-accent-text hover:bg-accent-soft hover:text-accent-text',
                target !== '' && target === folder && row.file === undefined && 'bg-accent-soft',
              )}
            >
              <RowIcon row={row} />
              <span className={cn('min-w-0 flex-1 truncate font-mono', row.isChanged && row.path !== chosen && 'text-ink')}>
                {row.name}
              </span>
              {row.file?.isShared === true && <Share2 className="size-3.5 shrink-0" aria-hidden />}
              {row.isChanged && <ChangeMark row={row} />}
              {(mayEdit || actions.run !== undefined) && <RowMenu row={row} actions={actions} mayEdit={mayEdit} />}
            </div>
          );
        })}
      </div>
    </div>
  );
}

const foldersOf = (files: readonly TreeFile[]): string[] => files.flatMap((file) => foldersAbove(file.path));

const CHANGES = { added: 'new', modified: 'changed', removed: 'deleted' };

function labelOf({ name, file, isChanged }: TreeRow): string {
  if (file?.isShared === true) return `${name}, shared by the provider`;
  if (file?.change !== undefined) return `${name}, ${CHANGES[file.change]}`;
  return isChanged ? `${name}, with changes` : name;
}

function RowIcon({ row }: { row: TreeRow }) {
  if (row.file !== undefined) {
    const Icon = row.name.endsWith('.py') ? FileCode2 : FileText;
    return <Icon className="ml-4 size-3.5 shrink-0" aria-hidden />;
  }
  const Icon = row.isOpen === true ? FolderOpen : Folder;
  return (
    <>
      <ChevronRight className={cn('-mr-1 size-3.5 shrink-0 transition-transform', row.isOpen === true && 'rotate-90')} aria-hidden />
      <Icon className="size-3.5 shrink-0" aria-hidden />
    </>
  );
}

const ChangeMark = ({ row }: { row: TreeRow }) => (
  // Not as text: the row's label says it in a word.
  <span
    aria-hidden
    data-mark={row.file === undefined ? '•' : row.file.change === 'added' ? 'N' : 'M'}
    className={cn(
      'shrink-0 font-mono text-2xs font-medium before:content-[attr(data-mark)]',
      row.file?.change === 'added' ? 'text-good' : 'text-warn',
    )}
  />
);

function RowMenu({ row, actions, mayEdit }: { row: TreeRow; actions: TreeActions; mayEdit: boolean }) {
  const { path, file } = row;
  const isShared = file?.isShared === true;
  if (isShared || !mayEdit) return null;
  return (
    <span data-menu onClick={(event) => event.stopPropagation()} className="contents">
      <Menu
        label={`About ${row.name}`}
        trigger={
          <Button
            look="quiet"
            size="small"
            tabIndex={-1}
            aria-label={`About ${path}`}
            className="-mr-0.5 size-6 px-0 opacity-0 group-focus-within:opacity-100 group-hover:opacity-100 data-[state=open]:opacity-100 max-lg:opacity-100"
          >
            <Ellipsis aria-hidden />
          </Button>
        }
      >
        {file === undefined ? (
          <>
            <MenuItem onSelect={() => actions.make('file', path)}>
              <FilePlus aria-hidden />
              New file in it
            </MenuItem>
            <MenuItem onSelect={() => actions.make('folder', path)}>
              <FolderPlus aria-hidden />
              New folder in it
            </MenuItem>
            <MenuItem onSelect={() => actions.upload('files', path)}>
              <Upload aria-hidden />
              Upload files into it
            </MenuItem>
            <MenuItem onSelect={() => actions.upload('folder', path)}>
              <FolderUp aria-hidden />
              Upload a folder into it
            </MenuItem>
          </>
        ) : (
          actions.run !== undefined &&
          path.endsWith('.py') && (
            <MenuItem onSelect={() => actions.run?.(path)}>
              <Play aria-hidden />
              Run what is in it
            </MenuItem>
          )
        )}
        <MenuItem onSelect={() => actions.rename(path)}>
          <PencilLine aria-hidden />
          Rename or move…
        </MenuItem>
        <MenuSeparator />
        <MenuItem danger onSelect={() => actions.remove(path)}>
          <Trash2 aria-hidden />
          Delete…
        </MenuItem>
      </Menu>
    </span>
  );
}
