/** The builder once everything that it needs is there. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, useBlocker, useNavigate } from '@tanstack/react-router';
import { CopyPlus, Ellipsis, Eye, Save, Trash2, Undo2 } from 'lucide-react';
import { useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { changeForm, checkForm, createForm, deleteForm, formQuery, type FormDefinition, type FormProblem, type FormView } from '@/api/forms';
import { ProblemError } from '@/api/problem';
import { useOrganization } from '@/api/session';
import type { Workflow } from '@/api/types';
import type { Evaluator, Scope } from '@/expressions';
import { draftOf, emptyForm, placeOf, tidy } from '@/lib/form-draft';
import { useCalm } from '@/lib/hooks';
import type { BuilderSearch } from '@/routes/search';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Confirm } from '@/ui/confirm';
import { Menu, MenuItem, MenuLink } from '@/ui/menu';
import { Page } from '@/ui/page';
import { FormError } from '@/ui/states';
import { Tabs } from '@/ui/tabs';
import { done } from '@/ui/toast';
import { AccessPanel } from './access-panel';
import { BuilderContext, type Builder } from './builder-context';
import { ConflictDialog } from './conflict-dialog';
import { FieldList } from './field-list';
import { FieldPanel } from './field-panel';
import { YamlPanel } from './file-panel';
import { Preview } from './preview';
import { ProblemsCard } from './problems-card';
import { FormCard, SettingsPanel } from './settings-panel';
import { useDraft } from './use-draft';

interface Props {
  /** The form as it is kept; nothing for a new one. */
  view: FormView | undefined;
  initial: FormDefinition;
  workflows: Workflow[];
  evaluator: Evaluator;
  search: BuilderSearch;
  onSearch: (change: Partial<BuilderSearch>) => void;
}

type TabId = NonNullable<BuilderSearch['tab']> | 'fields';

/** The server is asked what is wrong after a pause of so many milliseconds. */
const PAUSE = 500;

/** Screens on which the parts of the builder stand below each other. */
const NARROW = '(max-width: 63.99rem)';

/** What can be shown of a form: as it is now, or as it was last when it could. */
function useShown(form: FormDefinition, evaluator: Evaluator): { shown: FormDefinition; isOld: boolean } {
  const last = useRef<FormDefinition>({ ...emptyForm('-'), name: '-' });
  return useMemo(() => {
    // A preview needs no name and no workflow.
    const tried = { ...form, name: form.name || '-', workflow: form.workflow || '-' };
    try {
      evaluator.form(tried, { values: {}, context: {}, now: '' });
      last.current = tried;
      return { shown: tried, isOld: false };
    } catch {
      // It is in the middle of being written.
      return { shown: last.current, isOld: true };
    }
  }, [form, evaluator]);
}

/** Was it refused for what the card of problems lists? */
const isListed = (error: unknown, problems: number): boolean =>
  problems > 0 && error instanceof ProblemError && error.code === 'invalid';

export function BuilderBody({ view, initial, workflows, evaluator, search, onSearch }: Props) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const organization = useOrganization();
  const draft = useDraft(initial, view === undefined ? emptyForm(initial.workflow) : initial);
  const { form } = draft;
  const [revision, setRevision] = useState(view?.revision ?? 0);
  const [scope, setScope] = useState<Scope>();
  const [conflict, setConflict] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const [tried, setTried] = useState(false);
  // The panel begins anew with each choice, and not when the chosen field gets another name.
  const [choice, setChoice] = useState(0);
  // The address follows a little later than names do.
  const [named, setNamed] = useState(search.field);
  const chosen = form.fields.some((field) => field.name === named) ? named : undefined;
  const name = (field: string | undefined) => {
    setNamed(field);
    onSearch({ field });
  };
  const leaving = useRef(false);
  const tidied = useMemo(() => tidy(form), [form]);
  const { shown, isOld } = useShown(tidied, evaluator);
  const calm = useCalm(tidied, PAUSE);
  const check = useQuery({
    queryKey: ['form-check', organization, calm],
    queryFn: ({ signal }) => checkForm(calm, signal),
    placeholderData: (before) => before,
    gcTime: 10_000,
    retry: false,
    refetchOnWindowFocus: false,
  });
  // What is still to be filled in is said once somebody wants to save.
  const problems = useMemo(() => {
    const all = check.data?.problems ?? [];
    return tried || view !== undefined ? all : all.filter(({ path }) => path !== 'name' && path !== 'workflow' && path !== 'fields');
  }, [check.data, tried, view]);

  const kept = async (saved: FormView) => {
    setRevision(saved.revision);
    draft.keep(saved.id === view?.id ? undefined : draftOf(saved));
    client.setQueryData(formQuery(organization, saved.id).queryKey, saved);
    await client.invalidateQueries({ queryKey: ['forms'] });
  };
  const save = useMutation({
    mutationFn: (over?: number) =>
      view === undefined ? createForm(tidied) : changeForm(view.id, tidied, over ?? revision),
    onSuccess: async (saved) => {
      setConflict(false);
      await kept(saved);
      done(`“${saved.name}” is saved`);
      if (view !== undefined) return;
      leaving.current = true;
      await navigate({ to: '/forms/$id/edit', params: { id: saved.id }, search: { tab: search.tab, field: search.field }, replace: true });
    },
    onError: (error) => {
      setTried(true);
      void check.refetch();
      if (error instanceof ProblemError && error.code === 'changed_meanwhile') setConflict(true);
    },
  });
  const theirs = useMutation({
    mutationFn: async () => {
      if (view === undefined) throw new Error('it is not saved yet');
      return client.fetchQuery({ ...formQuery(organization, view.id), staleTime: 0 });
    },
  });
  const loadTheirs = () =>
    theirs.mutate(undefined, {
      onSuccess: (saved) => {
        draft.keep(draftOf(saved));
        setRevision(saved.revision);
        setConflict(false);
        setChoice((count) => count + 1);
        save.reset();
      },
    });
  const saveMine = () => theirs.mutate(undefined, { onSuccess: (saved) => save.mutate(saved.revision) });

  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => draft.isDirty && !leaving.current && current.pathname !== next.pathname,
    enableBeforeUnload: () => draft.isDirty && !leaving.current,
    withResolver: true,
  });

  const submit = () => {
    setTried(true);
    if (!save.isPending) save.mutate(undefined);
  };
  const latest = useRef({ submit, undo: draft.undo });
  latest.current = { submit, undo: draft.undo };
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 's' || !(event.metaKey || event.ctrlKey) || event.shiftKey || event.altKey) return;
      event.preventDefault();
      latest.current.submit();
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);

  const choose = (field: string | undefined) => {
    setChoice((count) => count + 1);
    name(field);
    // On a narrow screen the field stands far below the list.
    if (field !== undefined && matchMedia(NARROW).matches) {
      requestAnimationFrame(() => document.getElementById('field-panel')?.scrollIntoView());
    }
  };
  const go = (problem: FormProblem) => {
    const { field } = placeOf(problem.path);
    const called = field === undefined ? undefined : form.fields[field]?.name;
    if (called !== undefined) {
      choose(called);
      onSearch({ tab: undefined, field: called });
    } else onSearch({ tab: problem.path === 'fields' ? undefined : problem.path === 'access' ? 'access' : 'settings' });
  };

  const builder = useMemo(
    (): Builder => ({ draft, evaluator, workflows, problems, scope }),
    [draft, evaluator, workflows, problems, scope],
  );
  const fields = (
    <div className="grid items-start gap-5 lg:grid-cols-[17rem_minmax(0,1fr)]">
      <FieldList chosen={chosen} onChoose={choose} />
      <div className="grid min-w-0 gap-5">
        {chosen === undefined ? (
          <FormCard />
        ) : (
          <FieldPanel key={choice} name={chosen} onChoose={choose} onRename={name} />
        )}
      </div>
    </div>
  );
  const tabs: { id: TabId; label: string; content: ReactNode }[] = [
    { id: 'fields', label: 'Fields', content: fields },
    { id: 'settings', label: 'Settings', content: <SettingsPanel /> },
    { id: 'access', label: 'Access', content: <AccessPanel id={view?.id} /> },
    { id: 'file', label: 'As a file', content: <YamlPanel /> },
  ];
  const remove = async () => {
    if (view === undefined) return;
    await deleteForm(view.id);
    leaving.current = true;
    done(`“${view.name}” is deleted`);
    await client.invalidateQueries({ queryKey: ['forms'] });
    await navigate({ to: '/forms' });
  };
  return (
    <BuilderContext value={builder}>
      <Page
        title={form.name.trim() || (view?.name ?? 'New form')}
        above={
          <Link to="/forms" className="hover:text-ink hover:underline">
            Forms
          </Link>
        }
        className="max-w-[104rem]"
        actions={
          <>
            {draft.isDirty && <Badge tone="warn">Not saved</Badge>}
            <Button disabled={draft.undo === undefined} onClick={() => { draft.undo?.(); setChoice((count) => count + 1); }}>
              <Undo2 aria-hidden />
              Undo
            </Button>
            <Button className="2xl:hidden" onClick={() => document.getElementById('preview')?.scrollIntoView({ behavior: 'smooth' })}>
              <Eye aria-hidden />
              Preview
            </Button>
            <Button look="primary" aria-keyshortcuts="Control+S" busy={save.isPending} disabled={!draft.isDirty && view !== undefined} onClick={submit}>
              {!save.isPending && <Save aria-hidden />}
              Save
            </Button>
            {view !== undefined && (
              <Menu
                label="More"
                trigger={
                  <Button size="icon" aria-label="More">
                    <Ellipsis aria-hidden />
                  </Button>
                }
              >
                <MenuLink>
                  <Link to="/forms/$id" params={{ id: view.id }} search={{}}>
                    <Eye aria-hidden />
                    Open the form
                  </Link>
                </MenuLink>
                <MenuLink>
                  <Link to="/forms/new" search={{ from: view.id }}>
                    <CopyPlus aria-hidden />
                    Make a copy
                  </Link>
                </MenuLink>
                <MenuItem danger onSelect={() => setDeleting(true)}>
                  <Trash2 aria-hidden />
                  Delete
                </MenuItem>
              </Menu>
            )}
          </>
        }
      >
        <FormError error={conflict || isListed(save.error, problems.length) ? undefined : save.error} />
        <ProblemsCard wasRefused={isListed(save.error, problems.length)} onGo={go} />
        <div className="grid items-start gap-5 2xl:grid-cols-[minmax(0,1fr)_28rem]">
          <Tabs
            label="The form"
            tabs={tabs}
            chosen={search.tab ?? 'fields'}
            onChoose={(tab) => onSearch({ tab: tab === 'fields' ? undefined : tab })}
          />
          <div className="min-w-0 2xl:sticky 2xl:top-16 2xl:max-h-[calc(100dvh-5rem)] 2xl:overflow-y-auto">
            <Preview form={shown} workflow={form.workflow} isOld={isOld} onScope={setScope} />
          </div>
        </div>
        <ConflictDialog
          isOpen={conflict}
          isBusy={theirs.isPending || save.isPending}
          onClose={() => setConflict(false)}
          onTheirs={loadTheirs}
          onMine={saveMine}
        />
        <Confirm
          open={blocker.status === 'blocked'}
          onClose={() => blocker.status === 'blocked' && blocker.reset()}
          title="Leave without saving?"
          action="Leave"
          onConfirm={() => {
            if (blocker.status === 'blocked') blocker.proceed();
            return Promise.resolve();
          }}
        >
          What you have changed is lost.
        </Confirm>
        <Confirm open={deleting} onClose={() => setDeleting(false)} title={`Delete “${view?.name ?? ''}”?`} action="Delete" onConfirm={remove}>
          Nobody can fill it in any more. Runs that it has started stay.
        </Confirm>
      </Page>
    </BuilderContext>
  );
}
