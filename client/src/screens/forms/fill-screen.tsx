/** A form to fill in and to send. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { PencilLine } from 'lucide-react';
import { useMemo } from 'react';
import { formQuery, openForm, type FormView } from '@/api/forms';
import { useOrganization } from '@/api/session';
import { evaluator } from '@/expressions';
import type { Search } from '@/lib/search';
import { LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { Page } from '@/ui/page';
import { Failure, Skeleton } from '@/ui/states';
import { FormBody } from './fill/form-body';
import { queryFor } from './query';

const route = getRouteApi('/app/forms/$id');

export function FillScreen() {
  const { id } = route.useParams();
  const form = useQuery({ ...formQuery(useOrganization(), id), refetchOnWindowFocus: false });
  if (form.data !== undefined) return <Loaded key={form.data.id} form={form.data} />;
  return (
    <Page title="Form" above={<Above />}>
      <Card padded={false}>
        {form.error === null ? <Waiting /> : <Failure error={form.error} retry={() => void form.refetch()} />}
      </Card>
    </Page>
  );
}

const Above = () => (
  <Link to="/forms" className="hover:text-ink hover:underline">
    Forms
  </Link>
);

function Waiting({ children }: { children?: string }) {
  return (
    <div role="status" aria-label="Loading" className="grid max-w-2xl gap-5 p-5">
      {children !== undefined && <p className="text-ui text-muted">{children}</p>}
      {Array.from({ length: 3 }, (_, at) => (
        <div key={at} className="grid gap-2">
          <Skeleton className="w-32" />
          <Skeleton className="h-8.5" />
        </div>
      ))}
    </div>
  );
}

function Loaded({ form }: { form: FormView }) {
  const organization = useOrganization();
  const search = route.useSearch() as Search;
  const query = useMemo(() => queryFor(form, search), [form, search]);
  const rules = useQuery({ queryKey: ['evaluator'], queryFn: evaluator, staleTime: Infinity });
  // Opening runs a workflow, so it is done once for as long as the form is looked at.
  const opened = useQuery({
    queryKey: ['form-session', organization, form.id, form.revision, query],
    queryFn: ({ signal }) => openForm(form.id, query, signal),
    staleTime: Infinity,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });
  const again = () => void (rules.error === null ? opened.refetch() : rules.refetch());
  return (
    <Page
      title={form.name}
      above={<Above />}
      about={form.description == null ? undefined : <p className="max-w-prose whitespace-pre-line">{form.description}</p>}
      actions={
        form.may_edit && (
          <LinkButton to="/forms/$id/edit" params={{ id: form.id }}>
            <PencilLine aria-hidden />
            Edit the form
          </LinkButton>
        )
      }
      className="max-w-3xl"
    >
      <Card padded={false}>
        {opened.data !== undefined && rules.data !== undefined ? (
          <FormBody form={form} opened={opened.data} evaluator={rules.data} onOpenAgain={() => void opened.refetch()} />
        ) : (opened.error ?? rules.error) === null ? (
          <Waiting>{form.launch_workflow == null ? undefined : 'The form is being prepared…'}</Waiting>
        ) : (
          <Failure error={opened.error ?? rules.error} retry={again} />
        )}
      </Card>
    </Page>
  );
}
