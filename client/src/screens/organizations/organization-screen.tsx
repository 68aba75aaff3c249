/** One organization: what it is, what it uses, its limits, and its end. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { LogIn } from 'lucide-react';
import { Fragment, useState } from 'react';
import { api, call } from '@/api/client';
import { ProblemError } from '@/api/problem';
import { useScopeId } from '@/api/session';
import type { Organization } from '@/api/types';
import { Badge } from '@/ui/badge';
import { Button, LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { CheckField, Field, Input } from '@/ui/field';
import { Page } from '@/ui/page';
import { FormError, Show, Skeleton } from '@/ui/states';
import { done } from '@/ui/toast';
import { LimitsForm } from './limits-form';
import { Leaving, Offboarding } from './offboarding';
import { OrganizationState, OrganizationTags } from './organizations-screen';
import { Usage } from './usage';

const route = getRouteApi('/app/organizations/$id');

export function OrganizationScreen() {
  const { id } = route.useParams();
  const current = useScopeId();
  const organization = useQuery({
    queryKey: ['organization', id],
    queryFn: ({ signal }) => call(api.GET('/api/organizations/{id}', { params: { path: { id } }, signal })),
  });
  const gone = organization.error instanceof ProblemError && organization.error.status === 404;
  return (
    <Page
      title={organization.data?.name ?? 'Organization'}
      above={
        <Link to="/organizations" className="hover:text-ink hover:underline">
          Organizations
        </Link>
      }
      about={
        gone || organization.data === undefined ? undefined : (
          <span className="flex flex-wrap gap-1">
            <OrganizationState organization={organization.data} />
            <OrganizationTags organization={organization.data} />
          </span>
        )
      }
      actions={
        organization.data?.is_provider === false &&
        !gone &&
        (id === current ? (
          <Badge>Current</Badge>
        ) : (
          <LinkButton to="/" search={{ org: id }}>
            <LogIn aria-hidden />
            Enter
          </LinkButton>
        ))
      }
      className="max-w-4xl"
    >
      {gone ? (
        <Leaving id={id} />
      ) : (
        <Show query={organization} skeleton={<Skeleton className="h-72" />}>
          {(data) => (
            <Fragment key={data.id}>
              <Settings organization={data} />
              <Usage organization={data.id} />
              <LimitsForm organization={data} />
              {!data.is_provider && <Offboarding organization={data} />}
            </Fragment>
          )}
        </Show>
      )}
    </Page>
  );
}

function Settings({ organization }: { organization: Organization }) {
  const client = useQueryClient();
  const [name, setName] = useState(organization.name);
  const [domain, setDomain] = useState(organization.domain ?? '');
  const [active, setActive] = useState(organization.is_active);
  const [review, setReview] = useState(organization.requires_review);
  const save = useMutation({
    mutationFn: () =>
      call(
        api.PATCH('/api/organizations/{id}', {
          params: { path: { id: organization.id } },
          // No domain takes the one that there is away.
          body: { name, domain, is_active: active, requires_review: review },
        }),
      ),
    onSuccess: async () => {
      done('Saved');
      await client.invalidateQueries({ queryKey: ['organization'] });
      await client.invalidateQueries({ queryKey: ['organizations'] });
    },
  });
  return (
    <Card title="Settings">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          save.mutate();
        }}
      >
        <FormError error={save.error} />
        <div className="grid gap-4 sm:grid-cols-2">
          <Field label="Name">
            {(tied) => <Input {...tied} value={name} required onChange={(event) => setName(event.target.value)} />}
          </Field>
          <Field label="E-mail domain" optional>
            {(tied) => <Input {...tied} value={domain} onChange={(event) => setDomain(event.target.value)} />}
          </Field>
        </div>
        <CheckField
          label="Active"
          help="While an organization is not active, its people cannot sign in and none of its workflows run."
          checked={active}
          disabled={organization.is_provider}
          onChange={(event) => setActive(event.target.checked)}
        />
        <CheckField
          label="Deploys need a review"
          help="A deployed version goes live only when somebody other than its author approves it."
          checked={review}
          onChange={(event) => setReview(event.target.checked)}
        />
        <div className="flex justify-end">
          <Button type="submit" look="primary" busy={save.isPending}>
            Save
          </Button>
        </div>
      </form>
    </Card>
  );
}
