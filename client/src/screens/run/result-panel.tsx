/** What a run returned: as its author meant it, or as plain data. */
import { lazy, Suspense, useState } from 'react';
import { FileQuestion, PackageOpen } from 'lucide-react';
import type { Execution } from '@/api/types';
import { asTable } from '@/lib/table';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Code } from '@/ui/code';
import { CopyButton } from '@/ui/copy';
import { JsonTree } from '@/ui/json-tree';
import { Empty, Skeleton } from '@/ui/states';
import { isOver } from '@/ui/status';
import { Pretty, ValueTable } from './pretty';

const HtmlFrame = lazy(() => import('@/ui/html-frame').then((all) => ({ default: all.HtmlFrame })));

const NAMES = { page: 'Page', text: 'Text', pretty: 'Pretty', table: 'Table', tree: 'Tree', json: 'JSON' };
type View = keyof typeof NAMES;

/** What of a run is needed. */
type Ended = Pick<Execution, 'status' | 'result'> & Partial<Pick<Execution, 'result_type' | 'missing'>>;

/** The ways to look at a result, the best first. */
function viewsOf(run: Ended): View[] {
  const { result } = run;
  if (typeof result === 'string') return run.result_type === 'html' ? ['page', 'text'] : ['text', 'json'];
  if (asTable(result) !== undefined) return ['table', 'tree', 'json'];
  return typeof result === 'object' && result !== null ? ['pretty', 'tree', 'json'] : ['json'];
}

export function ResultPanel({ run }: { run: Ended }) {
  const views = viewsOf(run);
  const [chosen, setChosen] = useState<View>();
  const view = chosen !== undefined && views.includes(chosen) ? chosen : (views[0] ?? 'json');
  if (run.missing?.includes('result')) {
    return <Card><Empty icon={FileQuestion} title="The result is not kept any more" /></Card>;
  }
  if (run.result === undefined || run.result === null) {
    return (
      <Card>
        <Empty icon={PackageOpen} title={isOver(run.status) ? 'It returned nothing' : 'There is no result yet'}>
          {isOver(run.status) ? 'What the function returns stands here.' : 'It comes here by itself when the run ends.'}
        </Empty>
      </Card>
    );
  }
  return (
    <Card
      padded={false}
      title={
        <div role="group" aria-label="View" className="-ml-2 flex gap-0.5">
          {views.map((name) => (
            <Button
              key={name}
              size="small"
              look={name === view ? 'plain' : 'quiet'}
              aria-pressed={name === view}
              onClick={() => setChosen(name)}
            >
              {NAMES[name]}
            </Button>
          ))}
        </div>
      }
      actions={
        <CopyButton
          label="Copy the result"
          text={() => (typeof run.result === 'string' ? run.result : JSON.stringify(run.result, null, 2))}
        />
      }
    >
      <Shown view={view} result={run.result} />
    </Card>
  );
}

function Shown({ view, result }: { view: View; result: unknown }) {
  switch (view) {
    case 'page':
      return (
        <Suspense fallback={<Skeleton className="m-4 h-40" />}>
          <div className="dark:p-3">
            <HtmlFrame html={String(result)} />
          </div>
        </Suspense>
      );
    case 'text':
      return (
        <pre tabIndex={0} className="max-h-[70vh] overflow-auto p-4 font-mono text-xs leading-5 break-words whitespace-pre-wrap">
          {String(result)}
        </pre>
      );
    case 'table':
      return <ValueTable value={result} label="Result" />;
    case 'pretty':
      return (
        <div className="p-4">
          <Pretty value={result} />
        </div>
      );
    case 'tree':
      return (
        <div className="p-4">
          <JsonTree value={result} />
        </div>
      );
    default:
      return <Code value={JSON.stringify(result, null, 2)} label="Result as JSON" language="json" />;
  }
}
