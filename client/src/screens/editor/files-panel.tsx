/** The tree with what makes, moves, uploads and deletes in it. */
import { Ellipsis, FilePlus, FolderPlus, FolderUp, Upload } from 'lucide-react';
import { useMemo, useRef, useState } from 'react';
import { plural } from '@/lib/format';
import { Button } from '@/ui/button';
import { Confirm } from '@/ui/confirm';
import { Empty } from '@/ui/states';
import { Menu, MenuItem } from '@/ui/menu';
import { done, failed } from '@/ui/toast';
import { FileTree, type TreeActions } from './file-tree';
import { PathDialog, type Wanted } from './path-dialog';
import { isWithin, join, nameOf, problemOfMove } from './paths';
import { chosen as chosenFiles, dropped, readAll } from './upload';
import type { Editor } from './use-editor';

const NEW_FILE: Wanted = { what: 'file', within: '' };

interface Props {
  editor: Editor;
  chosen: string | undefined;
  onOpen: (path: string) => void;
  /** A file or folder has another path now. */
  onMoved: (from: string, to: string) => void;
  /** A new file is asked for, until `onMaking`. */
  making: boolean;
  onMaking: () => void;
  onRun: ((path: string) => void) | undefined;
}

export function FilesPanel({ editor, chosen, onOpen, onMoved, making, onMaking, onRun }: Props) {
  const [wanted, setWanted] = useState<Wanted>();
  const [folders, setFolders] = useState<string[]>([]);
  const [removing, setRemoving] = useState<string>();
  const [into, setInto] = useState('');
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const { mayEdit, own } = editor;
  const empty = useMemo(() => folders.filter((path) => !own.some((file) => isWithin(file, path))), [folders, own]);
  const upload = async (coming: Parameters<typeof readAll>[0]) => {
    const read = await readAll(coming, own);
    await editor.writeAll(read.files);
    if (read.files.size > 0) done(`${plural(read.files.size, 'file')} came in`, 'They are kept in this browser until you deploy.');
    if (read.problems.length > 0) failed(new Error(read.problems.slice(0, 3).join(' ')));
  };
  const move = async (from: string, to: string) => {
    await editor.move(from, to);
    setFolders((old) => old.map((path) => (isWithin(path, from) ? to + path.slice(from.length) : path)));
    onMoved(from, to);
  };
  const choose = async (path: string) => {
    if (wanted?.what === 'move') return move(wanted.from, path);
    if (wanted?.what === 'folder') return setFolders((old) => [...old, path]);
    await editor.write(path, path.endsWith('.py') ? beginning(path) : '');
    onOpen(path);
  };
  const pick = (what: 'files' | 'folder', within: string) => {
    setInto(within);
    (what === 'files' ? files : folder).current?.click();
  };
  const actions: TreeActions = {
    open: onOpen,
    ...(onRun === undefined ? {} : { run: onRun }),
    make: (what, within) => setWanted({ what, within }),
    upload: pick,
    rename: (from) => setWanted({ what: 'move', from }),
    remove: setRemoving,
    drop: (from, target) => {
      const to = join(target, nameOf(from));
      if (to === from) return;
      const problem = problemOfMove(from, to, own);
      if (problem === undefined) move(from, to).catch(failed);
      else failed(new Error(`${nameOf(from)} cannot be moved there: ${problem}`));
    },
    dropFiles: (items, target) => void dropped(items, target).then(upload).catch(failed),
  };
  const gone = removing === undefined ? [] : own.filter((path) => isWithin(path, removing));
  return (
    <>
      {mayEdit && (
        <div className="flex items-center gap-1 border-b px-2 py-1">
          <Button look="quiet" size="small" onClick={() => setWanted({ what: 'file', within: '' })}>
            <FilePlus aria-hidden />
            New file
          </Button>
          <Menu
            label="More for files"
            trigger={
              <Button look="quiet" size="small" aria-label="More for files" className="ml-auto">
                <Ellipsis aria-hidden />
              </Button>
            }
          >
            <MenuItem onSelect={() => setWanted({ what: 'folder', within: '' })}>
              <FolderPlus aria-hidden />
              New folder
            </MenuItem>
            <MenuItem onSelect={() => pick('files', '')}>
              <Upload aria-hidden />
              Upload files
            </MenuItem>
            <MenuItem onSelect={() => pick('folder', '')}>
              <FolderUp aria-hidden />
              Upload a folder
            </MenuItem>
          </Menu>
        </div>
      )}
      {editor.files.length + empty.length === 0 ? (
        <div
          className="flex-1"
          onDragOver={(event) => event.preventDefault()}
          onDrop={(event) => {
            event.preventDefault();
            if (mayEdit) actions.dropFiles(event.dataTransfer.items, '');
          }}
        >
          <Empty
            icon={FilePlus}
            title="No file yet"
            action={
              mayEdit && (
                <Button look="primary" size="small" onClick={() => setWanted({ what: 'file', within: 'workflows' })}>
                  Write the first workflow
                </Button>
              )
            }
          >
            {mayEdit ? 'Or drop files and folders here.' : 'Nothing is deployed.'}
          </Empty>
        </div>
      ) : (
        <FileTree files={editor.files} empty={empty} chosen={chosen} actions={actions} mayEdit={mayEdit} />
      )}
      {[files, folder].map((input, index) => (
        <input
          key={index}
          ref={input}
          type="file"
          multiple
          hidden
          aria-hidden
          tabIndex={-1}
          {...(input === folder ? { webkitdirectory: '' } : {})}
          onChange={(event) => {
            const picked = chosenFiles(event.target.files ?? [], into);
            event.target.value = '';
            upload(picked).catch(failed);
          }}
        />
      ))}
      <PathDialog
        wanted={wanted ?? (making && mayEdit ? NEW_FILE : undefined)}
        paths={own}
        onClose={() => {
          setWanted(undefined);
          if (making) onMaking();
        }}
        onChoose={choose}
      />
      <Confirm
        open={removing !== undefined}
        onClose={() => setRemoving(undefined)}
        title={`Delete ${nameOf(removing ?? '')}?`}
        action="Delete"
        onConfirm={async () => {
          await editor.remove(removing ?? '');
          setFolders((old) => old.filter((path) => !isWithin(path, removing ?? '')));
        }}
      >
        <p>
          {gone.length > 1 ? `${plural(gone.length, 'file')} go with it. ` : ''}
          What is deployed stays until you deploy, and you can take the deletion back under Changes. What was never
          deployed is lost.
        </p>
      </Confirm>
    </>
  );
}

/** What a new Python file begins with: a workflow that runs. */
function beginning(path: string): string {
  const name = nameOf(path).replace(/\.py$/, '').replace(/\W+/g, '_').replace(/^(?=\d)|^$/, '_');
  if (name === '__init__') return '';
  return `"""What it is for."""

import logging

from bifrost import workflow

logger = logging.getLogger(__name__)


@workflow(category="General")
async def ${name}(name: str = "world") -> dict[str, str]:
    """Says hello."""
    logger.info("Hello, %s", name)
    return {"greeting": f"Hello, {name}!"}
`;
}
