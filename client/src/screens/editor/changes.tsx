/** All that is not as it is deployed, with the way back. */
import { FileMinus, FilePen, FilePlus, GitCompare, Undo2 } from 'lucide-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { plural } from '@/lib/format';
import { Button } from '@/ui/button';
import { Confirm } from '@/ui/confirm';
import { Dialog } from '@/ui/dialog';
import { Empty } from '@/ui/states';
import { done } from '@/ui/toast';
import { changeOf, undone, type Change } from './edits';
import { FileChange } from './file-change';
import { folderOf, nameOf } from './paths';
import type { Editor } from './use-editor';

const ICONS: Record<Change, typeof FilePlus> = { added: FilePlus, modified: FilePen, removed: FileMinus };
const WORDS: Record<Change, string> = { added: 'New', modified: 'Changed', removed: 'Deleted' };

export function Changes({ editor }: { editor: Editor }) {
  const [seen, setSeen] = useState<string>();
  const [asked, setAsked] = useState<string[]>();
  const { edits } = editor;
  if (edits.size === 0) {
    return (
      <Empty icon={GitCompare} title="Nothing is changed">
        What you change is kept in this browser and listed here, until you deploy it or take it back.
      </Empty>
    );
  }
  const edit = seen === undefined ? undefined : edits.get(seen);
  const undo = (paths: string[]) => {
    editor.apply(undone(edits, paths));
    done(paths.length === 1 ? `${paths[0] ?? ''} is as it is deployed` : 'Everything is as it is deployed');
    return Promise.resolve();
  };
  return (
    <div className="grid gap-2 p-2">
      <div className="flex items-center gap-2 px-1">
        <p className="text-xs text-muted">{plural(edits.size, 'file')} not as deployed</p>
        <Button size="small" look="quiet" className="ml-auto" onClick={() => setAsked([...edits.keys()])}>
          <Undo2 aria-hidden />
          Undo all
        </Button>
      </div>
      <ul aria-label="Changed files" className="grid">
        {[...edits].sort(([a], [b]) => a.localeCompare(b)).map(([path, one]) => {
          const change = changeOf(one);
          const Icon = ICONS[change];
          return (
            <li key={path} className="group flex min-h-8 items-center gap-1.5 rounded px-1.5 hover:bg-hover">
              <Icon className="size-4 shrink-0 text-muted" role="img" aria-label={WORDS[change]} />
              {change === 'removed' ? (
                <span className="min-w-0 flex-1 truncate font-mono text-xs text-muted line-through" title={path}>
                  {nameOf(path)}
                </span>
              ) : (
                <Link
                  from="/code/edit"
                  to="/code/edit"
                  search={(old) => ({ ...old, path, line: undefined })}
                  title={path}
                  className="min-w-0 flex-1 truncate font-mono text-xs hover:text-accent-text"
                >
                  {nameOf(path)} <span className="text-faint">{folderOf(path)}</span>
                </Link>
              )}
              <Button size="small" look="quiet" aria-label={`See the changes of ${path}`} onClick={() => setSeen(path)}>
                <GitCompare aria-hidden />
              </Button>
              <Button size="small" look="quiet" aria-label={`Undo the changes of ${path}`} onClick={() => setAsked([path])}>
                <Undo2 aria-hidden />
              </Button>
            </li>
          );
        })}
      </ul>
      <Dialog open={edit !== undefined} onClose={() => setSeen(undefined)} wide title="Changes against the deployed file">
        {seen !== undefined && edit !== undefined && <FileChange path={seen} before={edit.base} after={edit.content} />}
      </Dialog>
      <Confirm
        open={asked !== undefined}
        onClose={() => setAsked(undefined)}
        title={asked?.length === 1 ? `Undo the changes of ${nameOf(asked[0] ?? '')}?` : 'Undo all changes?'}
        action="Undo"
        onConfirm={() => undo(asked ?? [])}
      >
        {asked?.length === 1
          ? 'It becomes what is deployed. What you have written in it is lost.'
          : `${plural(edits.size, 'file')} become what is deployed. What you have written is lost.`}
      </Confirm>
    </div>
  );
}
