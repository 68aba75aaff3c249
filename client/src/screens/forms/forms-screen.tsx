/** Forms to fill in: what starts with what somebody enters. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ClipboardList, FileCode, Globe, PencilLine, Plus, SearchX, Users } from 'lucide-react';
import { formsQuery, type FormSummary } from '@/api/forms';
import { useMay, useOrganization } from '@/api/session';
import { plural } from '@/lib/format';
import { Badge } from '@/ui/badge';
import { Button, LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { Page } from '@/ui/page';
import { SearchBox } from '@/ui/search-box';
import { Empty, Show } from '@/ui/states';
import { matching } from './query';

const route = getRouteApi('/app/forms');

export function FormsScreen() {
  const forms = useQuery(formsQuery(useOrganization()));
  const manages = useMay()('forms.manage');
  return (
    <Page
      title="Forms"
      about="Fill one in, and its workflow starts."
      actions={
        manages && (
          <LinkButton to="/forms/new" look="primary">
            <Plus aria-hidden />
            New form
          </LinkButton>
        )
      }
    >
      <Show query={forms}>
        {(all) => (all.length === 0 ? <Nothing manages={manages} /> : <List all={all} />)}
      </Show>
    </Page>
  );
}

const Nothing = ({ manages }: { manages: boolean }) => (
  <Card>
    {manages ? (
      <Empty
        icon={ClipboardList}
        title="No forms yet"
        action={
          <LinkButton to="/forms/new" look="primary">
            Create the first form
          </LinkButton>
        }
      >
        A form asks people for what a workflow needs, with choices from your systems and rules for what is shown. It can
        also stand in a workspace, as <code className="font-mono text-xs">forms/*.yaml</code>.
      </Empty>
    ) : (
      <Empty icon={ClipboardList} title="No forms for you yet">
        Ask an administrator of your organization to grant you one.
      </Empty>
    )}
  </Card>
);

function List({ all }: { all: FormSummary[] }) {
  const { q } = route.useSearch();
  const navigate = route.useNavigate();
  const shown = matching(all, q);
  return (
    <>
      <div className="flex flex-wrap items-center gap-2">
        <SearchBox
          label="Search forms"
          value={q}
          onChange={(now) => void navigate({ search: { q: now }, replace: true, resetScroll: false })}
          className="w-full sm:w-72"
        />
        <span role="status" className="ml-auto text-ui text-muted tabular-nums">
          {plural(shown.length, 'form')}
        </span>
      </div>
      <Card padded={false}>
        {shown.length === 0 ? (
          <Empty icon={SearchX} title="Nothing fits" action={<Button onClick={() => void navigate({ search: {} })}>Show all</Button>} />
        ) : (
          <ul className="divide-y">
            {shown.map((form) => (
              <Row key={form.id} form={form} />
            ))}
          </ul>
        )}
      </Card>
    </>
  );
}

function Row({ form }: { form: FormSummary }) {
  return (
    <li className="group relative flex items-center gap-3 px-4 py-3 hover:bg-hover/60">
      <span className="grid size-8 shrink-0 place-items-center rounded-md border bg-sunken text-muted">
        <ClipboardList className="size-4" aria-hidden />
      </span>
      <div className="min-w-0 flex-1">
        <Link
          to="/forms/$id"
          params={{ id: form.id }}
          search={{}}
          className="font-medium break-words after:absolute after:inset-0 hover:text-accent-text"
        >
          {form.name}
        </Link>
        <p className="truncate text-ui text-muted">{form.description || `Starts ${form.workflow_name ?? 'a workflow'}`}</p>
      </div>
      <div className="flex shrink-0 items-center gap-1.5 max-md:hidden">
        {form.source === 'workspace' && (
          <Badge>
            <FileCode aria-hidden />
            In the workspace
          </Badge>
        )}
        {form.organization_id == null && (
          <Badge>
            <Globe aria-hidden />
            Global
          </Badge>
        )}
        <Badge>
          <Users aria-hidden />
          {form.access === 'granted' ? 'Only selected people' : 'Everybody'}
        </Badge>
        <span className="ml-2 w-16 text-right text-xs text-muted tabular-nums">{plural(form.fields, 'field')}</span>
      </div>
      {!form.may_edit && <span className="w-8.5 max-md:hidden" aria-hidden />}
      {form.may_edit && (
        <LinkButton
          to="/forms/$id/edit"
          params={{ id: form.id }}
          size="icon"
          look="quiet"
          className="relative"
          aria-label={`Edit ${form.name}`}
        >
          <PencilLine aria-hidden />
        </LinkButton>
      )}
    </li>
  );
}
