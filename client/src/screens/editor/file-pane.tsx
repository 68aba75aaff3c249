/** The chosen file: its editor, or why there is none. */
import { useQuery } from '@tanstack/react-query';
import { FileQuestion, FileX2, FolderCode, Share2 } from 'lucide-react';
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef } from 'react';
import { bytes } from '@/lib/format';
import { Button } from '@/ui/button';
import { Empty, Failure, Skeleton } from '@/ui/states';
import { failed } from '@/ui/toast';
import { LARGEST_TEXT, sizeOf, type Content } from './content';
import { write } from './edits';
import type { Props as FileEditorProps } from './file-editor';
import type { Problem } from './use-check';
import { deployedQuery, type Editor } from './use-editor';

const FileEditor = lazy(() => import('./file-editor'));

interface Props extends Pick<FileEditorProps, 'goal' | 'states' | 'onLine' | 'onRun' | 'onSave'> {
  editor: Editor;
  path: string | undefined;
  open: readonly string[];
  problems: readonly Problem[];
  onFind: () => void;
}

const none: readonly Problem[] = [];

export function FilePane({ editor, path, open, problems, onFind, ...told }: Props) {
  const own = useMemo(() => problems.filter((problem) => problem.path === path), [problems, path]);
  if (path === undefined) {
    return (
      <div className="min-h-0 flex-1 overflow-y-auto bg-surface">
        <Empty
          icon={FolderCode}
          title={editor.files.length === 0 ? 'Write the first workflow' : 'Choose a file'}
          action={
            editor.files.length > 0 && (
              <Button onClick={onFind}>
                Open by name
                <kbd className="ml-1 rounded border bg-sunken px-1 font-sans text-2xs text-muted">Ctrl P</kbd>
              </Button>
            )
          }
        >
          {editor.files.length === 0
            ? 'A workspace is a folder with Python files. Make one at the left; it runs before it is deployed.'
            : 'What you change is kept in this browser. Ctrl Enter runs it, and nobody else has it until you deploy.'}
        </Empty>
      </div>
    );
  }
  return <Loaded key={editor.organization} editor={editor} path={path} open={open} problems={own.length === 0 ? none : own} {...told} />;
}

function Loaded({ editor, path, open, problems, ...told }: Omit<Props, 'onFind'> & { path: string }) {
  const edit = editor.edits.get(path);
  const entry = editor.deployed.get(path);
  const loaded = useQuery({
    ...deployedQuery(editor.organization, editor.version, path),
    enabled: entry !== undefined && edit === undefined,
    // The same file of the version before: it is seldom another.
    placeholderData: (old, query) => (query?.queryKey[3] === path ? old : undefined),
  });
  const content: Content | null | undefined = edit === undefined ? (entry === undefined ? null : loaded.data) : edit.content;
  const others = useTexts(editor, open, path, content);
  const latest = useRef({ editor, path, content });
  latest.current = { editor, path, content };
  const onText = useCallback((text: string) => {
    const { editor: now, path: at, content: before } = latest.current;
    // A file that is the provider's cannot be typed into, so what was read is the own one.
    now.apply(write(now.store.snapshot().edits, at, text, before ?? null));
  }, []);
  if (content === null) {
    return (
      <Pane>
        <Empty icon={FileX2} title="There is no such file">
          {edit === undefined ? 'It may have another name by now.' : 'You have deleted it. Changes has the way back.'}
        </Empty>
      </Pane>
    );
  }
  if (content === undefined) {
    return (
      <Pane>
        {loaded.error === null ? <Skeleton className="m-4 h-64" /> : <Failure error={loaded.error} retry={() => void loaded.refetch()} />}
      </Pane>
    );
  }
  if (typeof content !== 'string' || content.length > LARGEST_TEXT) {
    return (
      <Pane>
        <Empty icon={FileQuestion} title={typeof content === 'string' ? 'Too large to edit here' : 'This is no text'}>
          {bytes(sizeOf(content))}. Upload another file in its place, or edit it on your computer.
        </Empty>
      </Pane>
    );
  }
  const isShared = entry?.is_shared === true && edit === undefined;
  return (
    <Pane>
      {isShared && (
        <div className="flex flex-wrap items-center gap-2 border-b bg-info-soft px-4 py-1.5 text-ui">
          <Share2 className="size-4 shrink-0 text-info" aria-hidden />
          <p className="min-w-0 flex-1">The provider shares it; you can read it. A file of your own at this path goes before it.</p>
          {editor.mayEdit && (
            <Button size="small" onClick={() => void editor.write(path, content).catch(failed)}>
              Make it my own
            </Button>
          )}
        </div>
      )}
      <Suspense fallback={<Skeleton className="m-4 h-64" />}>
        <div className="min-h-0 flex-1">
          <FileEditor
            path={path}
            text={content}
            isReadOnly={!editor.mayEdit || isShared || loaded.isPlaceholderData}
            problems={problems}
            onText={onText}
            others={others}
            {...told}
          />
        </div>
      </Suspense>
    </Pane>
  );
}

const Pane = ({ children }: { children: React.ReactNode }) => (
  <div className="flex min-h-0 flex-1 flex-col overflow-hidden bg-surface">{children}</div>
);

/** The texts of the other open files, as far as they were looked at. */
function useTexts(editor: Editor, open: readonly string[], path: string, content: Content | null | undefined): () => string[] {
  const seen = useRef(new Map<string, string>());
  useEffect(() => {
    if (typeof content === 'string') seen.current.set(path, content);
  }, [path, content]);
  const latest = useRef({ editor, open, path });
  latest.current = { editor, open, path };
  return useCallback(() => {
    const { open: all, path: own } = latest.current;
    return all.filter((one) => one !== own).flatMap((one) => seen.current.get(one) ?? []);
  }, []);
}
