/** How the parts of the editor stand together, on a desktop and on a phone. */
import { getRouteApi, Link } from '@tanstack/react-router';
import { CodeXml, FolderTree, Play, Rocket, X } from 'lucide-react';
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import { explain } from '@/api/problem';
import { useMay } from '@/api/session';
import type { EditorSearch } from '@/routes/search';
import { cn } from '@/lib/cn';
import { asksForPackages } from '@/lib/requirements';
import { Button } from '@/ui/button';
import { done } from '@/ui/toast';
import { Tip } from '@/ui/tip';
import { Changes } from './changes';
import { DeployDialog } from './deploy-dialog';
import type { States } from './file-editor';
import { FilePane } from './file-pane';
import { FilesPanel } from './files-panel';
import { MovedBanner } from './moved-banner';
import { OpenFiles, useOpenFiles } from './open-files';
import { isWithin } from './paths';
import { Problems } from './problems';
import { RunPanel } from './run-panel';
import { SearchPanel } from './search-panel';
import { workflowAt } from './symbols';
import { useCheck } from './use-check';
import type { Editor } from './use-editor';
import { useMoved } from './use-moved';

const QuickOpen = lazy(() => import('./quick-open'));

const route = getRouteApi('/app/code/edit');

/** What a phone shows of the three parts. */
type Part = 'side' | 'code' | 'run';

/** What it shows first: what the address is about. */
const firstPart = ({ path, view, run }: EditorSearch): Part => {
  if (run !== undefined) return 'run';
  return path === undefined || view === 'search' ? 'side' : 'code';
};

/** In the URL: whichever workflow fits to the file. */
const ANY = '+';

export function Workbench({ editor }: { editor: Editor }) {
  const { path, line, view, run, make } = route.useSearch();
  const navigate = route.useNavigate();
  const may = useMay();
  const check = useCheck(editor);
  const moved = useMoved(editor);
  const { open, setOpen } = useOpenFiles(editor.name, path);
  const [part, setPart] = useState<Part>(() => firstPart({ path, view, run }));
  const [finding, setFinding] = useState(false);
  const [deploying, setDeploying] = useState(false);
  const [asked, setAsked] = useState(0);
  const answered = useRef(0);
  const [states] = useState((): States => new Map());
  const cursor = useRef(1);
  const { edits, mayEdit } = editor;
  // Without edits its packages can still be chosen anew.
  const isDeployable = edits.size > 0 || editor.own.some(asksForPackages);

  const set = (change: { [K in keyof EditorSearch]?: EditorSearch[K] | undefined }, replace = true) =>
    void navigate({ search: (old) => ({ ...old, ...change }), replace, resetScroll: false });
  const openFile = (now: string, at?: number) => set({ path: now, line: at }, false);
  // Another object with each link that was followed, so that the same line is gone to again.
  const [followed, setFollowed] = useState(0);
  const goal = useMemo(() => (line === undefined ? undefined : { line }), [line, path, followed]);
  const isOpened = useRef(false);
  useEffect(() => {
    if (isOpened.current && path !== undefined) setPart('code');
    isOpened.current = true;
  }, [path, line]);
  useEffect(() => {
    cursor.current = line ?? 1;
  }, [path, line]);

  const workflows = check.report.refusal === undefined ? check.report.workflows : editor.workspace.report.workflows;
  const startRun = () => {
    if (!mayEdit) return;
    const fitting = path === undefined ? undefined : workflowAt(workflows, path, cursor.current);
    set({ run: fitting?.id ?? run ?? ANY });
    setPart('run');
    if (workflows.length > 0) setAsked((count) => count + 1);
  };
  const chosen =
    workflows.find((workflow) => workflow.id === run) ??
    (path === undefined ? undefined : workflowAt(workflows, path, cursor.current)) ??
    workflows[0];

  const latest = useRef({ startRun });
  latest.current = { startRun };
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
      const key = event.key.toLowerCase();
      if (key === 'p' && !event.shiftKey) setFinding(true);
      else if (key === 'f' && event.shiftKey) set({ view: 'search' });
      else if (key === 's' && !event.shiftKey) check.now();
      else if (key === 'enter' && !event.defaultPrevented) latest.current.startRun();
      else return;
      event.preventDefault();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  });

  const isLossy = editor.work.problem !== undefined && edits.size > 0;
  useEffect(() => {
    if (!isLossy) return;
    const ask = (event: BeforeUnloadEvent) => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [isLossy]);

  const save = () => {
    check.now();
    done('Kept in this browser', edits.size === 0 ? 'It is what is deployed.' : 'Others have it once you deploy.');
  };
  const close = (gone: string) => {
    const left = open.filter((one) => one !== gone);
    setOpen(left);
    if (gone === path) set({ path: left[Math.max(0, open.indexOf(gone) - 1)], line: undefined });
  };
  const onMoved = (from: string, to: string) => {
    const now = (one: string) => (isWithin(one, from) ? to + one.slice(from.length) : one);
    setOpen((old) => old.map(now));
    if (path !== undefined && isWithin(path, from)) set({ path: now(path), line: undefined });
  };

  const isRunOpen = run !== undefined;
  return (
    <div
      className="flex h-[calc(100dvh-3.25rem)] min-h-0 flex-col"
      onClick={({ target }) => target instanceof Element && target.closest('a') !== null && setFollowed((count) => count + 1)}
    >
      <header className="flex min-h-12 flex-wrap items-center gap-x-3 gap-y-1 border-b px-3 py-1.5">
        <h1 className="text-sm font-semibold max-sm:sr-only">Edit code</h1>
        <p className="min-w-0 truncate text-xs text-muted">
          {editor.version === 0 ? (
            'Nothing is deployed yet'
          ) : (
            <>
              on{' '}
              <Link
                to="/code/versions/$number"
                params={{ number: String(editor.version) }}
                className="text-accent-text hover:underline"
              >
                version {editor.version}
              </Link>
            </>
          )}
          {!mayEdit && ' · you may read, not change'}
        </p>
        {editor.work.problem !== undefined && (
          <p role="alert" className="text-xs text-bad">
            Your work is not kept: {explain(editor.work.problem).title} Deploy it before you leave.
          </p>
        )}
        <div className="ml-auto flex items-center gap-1.5">
          {mayEdit && (
            <>
              <Tip text="Ctrl Enter">
                <Button onClick={startRun} className="max-lg:hidden">
                  <Play aria-hidden />
                  Run draft
                </Button>
              </Tip>
              {may('workspace.deploy') && (
                <Button
                  look="primary"
                  disabled={!isDeployable || moved.conflicts.length > 0}
                  onClick={() => {
                    check.now();
                    setDeploying(true);
                  }}
                >
                  <Rocket aria-hidden />
                  Deploy…
                </Button>
              )}
            </>
          )}
        </div>
      </header>
      <MovedBanner editor={editor} moved={moved} />
      <div role="group" aria-label="Part of the editor" className="flex gap-1 border-b px-2 py-1 lg:hidden">
        {(
          [
            ['side', 'Files', FolderTree],
            ['code', 'Code', CodeXml],
            ['run', 'Run', Play],
          ] as const
        ).map(([id, label, Icon]) => (
          <Button
            key={id}
            look={part === id ? 'plain' : 'quiet'}
            aria-pressed={part === id}
            className="flex-1"
            onClick={() => {
              setPart(id);
              if (id === 'run' && !isRunOpen) set({ run: ANY });
            }}
          >
            <Icon aria-hidden />
            {label}
          </Button>
        ))}
      </div>
      <div
        className={cn(
          'grid min-h-0 flex-1 grid-cols-[minmax(0,1fr)]',
          isRunOpen
            ? 'lg:grid-cols-[14rem_minmax(0,1fr)_20rem] 2xl:grid-cols-[17rem_minmax(0,1fr)_28rem]'
            : 'lg:grid-cols-[16rem_minmax(0,1fr)]',
        )}
      >
        <section aria-label="Workspace" className={cn('flex min-h-0 min-w-0 flex-col border-r bg-sunken', part !== 'side' && 'max-lg:hidden')}>
          <Views view={view} changes={edits.size} onChoose={(now) => set({ view: now })} />
          {view === 'search' ? (
            <SearchPanel editor={editor} />
          ) : view === 'changes' ? (
            <div className="min-h-0 flex-1 overflow-y-auto">
              <Changes editor={editor} />
            </div>
          ) : (
            <FilesPanel
              editor={editor}
              chosen={path}
              onOpen={openFile}
              onMoved={onMoved}
              making={make === '1'}
              onMaking={() => set({ make: undefined })}
              onRun={mayEdit ? (file) => set({ run: workflowAt(workflows, file, 1)?.id ?? ANY, path: file }) : undefined}
            />
          )}
        </section>
        <section aria-label="Code" className={cn('flex min-h-0 min-w-0 flex-col', part !== 'code' && 'max-lg:hidden')}>
          <div className="flex border-b bg-sunken">
            <OpenFiles open={open} chosen={path} edits={edits} onClose={close} />
          </div>
          <FilePane
            editor={editor}
            path={path}
            goal={goal}
            open={open}
            states={states}
            problems={check.report.problems}
            onLine={(now) => (cursor.current = now)}
            onRun={startRun}
            onSave={save}
            onFind={() => setFinding(true)}
          />
          <Problems check={check} />
        </section>
        {isRunOpen && (
          <section aria-label="Run a draft" className={cn('flex min-h-0 min-w-0 flex-col border-l', part !== 'run' && 'max-lg:hidden')}>
            <div className="flex h-9 shrink-0 items-center border-b bg-sunken pr-1 pl-3 max-lg:hidden">
              <h2 className="text-xs font-medium">Draft run</h2>
              <Button look="quiet" size="small" className="ml-auto" aria-label="Close the run" onClick={() => set({ run: undefined })}>
                <X aria-hidden />
              </Button>
            </div>
            <RunPanel editor={editor} workflows={workflows} chosen={chosen} onChoose={(id) => set({ run: id })} asked={asked} answered={answered} />
          </section>
        )}
      </div>
      {finding && (
        <Suspense>
          <QuickOpen
            paths={editor.files.map((file) => file.path)}
            open={open}
            chosen={path}
            onClose={() => setFinding(false)}
            onOpen={openFile}
          />
        </Suspense>
      )}
      <DeployDialog editor={editor} check={check} open={deploying} onClose={() => setDeploying(false)} />
    </div>
  );
}

interface ViewsProps {
  view: EditorSearch['view'];
  changes: number;
  onChoose: (view: EditorSearch['view']) => void;
}

function Views({ view, changes, onChoose }: ViewsProps) {
  const views = [
    { id: undefined, label: 'Files' },
    { id: 'search' as const, label: 'Search' },
    { id: 'changes' as const, label: 'Changes' },
  ];
  return (
    <div role="group" aria-label="View" className="flex h-9 shrink-0 items-center gap-0.5 border-b px-1.5">
      {views.map(({ id, label }) => (
        <Button key={label} size="small" look={view === id ? 'plain' : 'quiet'} aria-pressed={view === id} onClick={() => onChoose(id)}>
          {label}
          {id === 'changes' && changes > 0 && <span className="rounded bg-warn-soft px-1 text-2xs text-warn">{changes}</span>}
        </Button>
      ))}
    </div>
  );
}
