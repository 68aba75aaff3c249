/** Code to read or to edit. The editor is loaded when it is first needed. */
import { lazy, Suspense } from 'react';
import type { Props } from './code-editor';
import { Skeleton } from './states';

const Editor = lazy(() => import('./code-editor'));

export function Code(props: Props) {
  return (
    <Suspense fallback={<Skeleton className="h-40 w-full" />}>
      <Editor {...props} />
    </Suspense>
  );
}
