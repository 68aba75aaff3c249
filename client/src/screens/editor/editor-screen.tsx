/** The workspace's code: files, editor, problems, a run beside it, and the way to a version. */
import { getRouteApi } from '@tanstack/react-router';
import { useTitle } from '@/lib/hooks';
import { Failure, Skeleton } from '@/ui/states';
import { useEditor } from './use-editor';
import { Workbench } from './workbench';

const route = getRouteApi('/app/code/edit');

export function EditorScreen() {
  const { path } = route.useSearch();
  const { editor, error, retry } = useEditor();
  useTitle(path ?? 'Edit code');
  if (editor !== undefined) return <Workbench key={editor.name} editor={editor} />;
  return (
    <div className="p-4">
      <h1 className="sr-only">Edit code</h1>
      {error === null ? <Skeleton className="h-72" /> : <Failure error={error} retry={retry} />}
    </div>
  );
}
