/** Says that somebody deployed meanwhile, and asks about each file that both have changed. */
import { useState } from 'react';
import { GitMerge } from 'lucide-react';
import { explain } from '@/api/problem';
import { plural } from '@/lib/format';
import { Button } from '@/ui/button';
import { Dialog, DialogActions } from '@/ui/dialog';
import { FileChange } from './file-change';
import { keepMine, takeTheirs, type Conflict } from './rebase';
import type { Editor } from './use-editor';
import type { Moved } from './use-moved';

export function MovedBanner({ editor, moved }: { editor: Editor; moved: Moved }) {
  const [isOpen, setOpen] = useState(false);
  if (moved.from === undefined) return null;
  const { conflicts, error } = moved;
  const author = editor.workspace.version?.message;
  return (
    <div role="status" className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b bg-warn-soft px-4 py-2 text-ui">
      <GitMerge className="size-4 shrink-0 text-warn" aria-hidden />
      <p className="min-w-0 flex-1 basis-64">
        {error === undefined
          ? `Version ${editor.version} was deployed while you worked on version ${moved.from}${author == null ? '' : ` (“${author}”)`}. `
          : `What was deployed meanwhile cannot be compared: ${explain(error).title} `}
        {conflicts.length > 0 && `You and it have both changed ${plural(conflicts.length, 'file')}.`}
      </p>
      {conflicts.length > 0 && (
        <Button size="small" onClick={() => setOpen(true)}>
          Decide…
        </Button>
      )}
      <Dialog
        open={isOpen && conflicts.length > 0}
        onClose={() => setOpen(false)}
        wide
        title="Changed here and there"
        description={`What you changed, compared with version ${editor.version}. All other files of it are yours already.`}
      >
        <ul className="grid gap-4">
          {conflicts.map((conflict) => (
            <Decision key={conflict.path} conflict={conflict} editor={editor} />
          ))}
        </ul>
        <DialogActions>
          <Button onClick={() => setOpen(false)}>Later</Button>
        </DialogActions>
      </Dialog>
    </div>
  );
}

function Decision({ conflict, editor }: { conflict: Conflict; editor: Editor }) {
  const { path, mine, theirs } = conflict;
  return (
    <li className="grid gap-2">
      {theirs === null && <p className="text-ui text-muted">It is not in version {editor.version} any more.</p>}
      {mine.content === null && <p className="text-ui text-muted">You have deleted it; it was changed meanwhile.</p>}
      <FileChange path={path} before={theirs} after={mine.content} />
      <div className="flex flex-wrap justify-end gap-2">
        <Button size="small" onClick={() => editor.apply(takeTheirs(conflict))}>
          Take theirs
        </Button>
        <Button size="small" onClick={() => editor.apply(keepMine(conflict))}>
          Keep mine
        </Button>
      </div>
    </li>
  );
}
