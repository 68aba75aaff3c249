/** Signs a command line in: shows who asks, then confirms or refuses. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { CircleCheck, CircleX, Terminal } from 'lucide-react';
import { useForm } from 'react-hook-form';
import { api, call } from '@/api/client';
import { useMe } from '@/api/session';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Field, Input } from '@/ui/field';
import { Fact, Facts, Page } from '@/ui/page';
import { Empty, FormError, Show, Skeleton } from '@/ui/states';
import { Ago } from '@/ui/time';

const route = getRouteApi('/app/device');

export function DeviceScreen() {
  const { code } = route.useSearch();
  return (
    <Page title="Sign in from the command line" className="max-w-xl">
      {code === undefined ? <EnterCode /> : <Decide code={code} />}
    </Page>
  );
}

function EnterCode() {
  const navigate = useNavigate();
  const { register, handleSubmit } = useForm({ defaultValues: { code: '' } });
  return (
    <Card>
      <form
        className="grid gap-4"
        onSubmit={handleSubmit(({ code }) => navigate({ to: '/device', search: { code: code.trim() } }))}
      >
        <Field
          label="Code from your command line"
          help={
            <>
              <code className="font-mono">bifrost login</code> prints it. Confirm only a sign-in that you started yourself.
            </>
          }
        >
          {(tied) => (
            <Input
              {...tied}
              {...register('code')}
              autoComplete="off"
              autoCapitalize="characters"
              spellCheck={false}
              required
              autoFocus
              className="font-mono tracking-widest uppercase"
            />
          )}
        </Field>
        <div className="flex justify-end">
          <Button type="submit" look="primary">
            Next
          </Button>
        </div>
      </form>
    </Card>
  );
}

function Decide({ code }: { code: string }) {
  const me = useMe();
  const waiting = useQuery({
    queryKey: ['device', code],
    queryFn: ({ signal }) => call(api.GET('/api/device/{code}', { params: { path: { code } }, signal })),
    retry: false,
  });
  const decide = useMutation({
    mutationFn: async (approve: boolean) => {
      const path = { params: { path: { code } } };
      await call(approve ? api.POST('/api/device/{code}/approve', path) : api.POST('/api/device/{code}/deny', path));
      return approve;
    },
  });
  if (decide.data !== undefined) {
    return (
      <Card>
        <Empty
          icon={decide.data ? CircleCheck : CircleX}
          title={decide.data ? 'Your command line is signed in' : 'Denied'}
        >
          You can close this page.
        </Empty>
      </Card>
    );
  }
  return (
    <Card>
      <Show query={waiting} skeleton={<Skeleton className="h-24" />}>
        {({ description, address, created_at }) => (
          <div className="grid gap-5">
            <FormError error={decide.error} />
            <div className="flex items-start gap-3">
              <Terminal className="mt-0.5 size-5 shrink-0 text-muted" aria-hidden />
              <p>
                Sign <strong>{description || 'a command line'}</strong> in as <strong>{me.email}</strong>? Confirm only
                a sign-in that you have just started yourself.
              </p>
            </div>
            <Facts>
              <Fact name="Code">
                <code className="font-mono">{code}</code>
              </Fact>
              <Fact name="Address">{address ?? 'Unknown'}</Fact>
              <Fact name="Requested">
                <Ago at={created_at} />
              </Fact>
            </Facts>
            <div className="flex justify-end gap-2">
              <Button busy={decide.isPending} onClick={() => decide.mutate(false)}>
                Deny
              </Button>
              <Button look="primary" busy={decide.isPending} onClick={() => decide.mutate(true)}>
                Confirm
              </Button>
            </div>
          </div>
        )}
      </Show>
    </Card>
  );
}
