/** All ways in: password, passkey, provider, and the links that make a new password. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useLocation, useRouter } from '@tanstack/react-router';
import { useState } from 'react';
import { carried } from '@/api/carried';
import { api, call } from '@/api/client';
import { ProblemError } from '@/api/problem';
import { meQuery } from '@/api/session';
import type { Schemas, SignInState } from '@/api/types';
import { FormError, Show, Skeleton } from '@/ui/states';
import { Command } from '@/ui/copy';
import { NewPasswordForm, type Purpose } from './new-password-form';
import { PasswordForm, Providers } from './password-form';
import { SecondFactorForm } from './second-factor-form';
import { Shell } from './shell';

const route = getRouteApi('/sign-in');

const PURPOSES: readonly string[] = ['set-up', 'invitation', 'link'] satisfies Purpose[];

const TITLES: Record<Purpose, string> = {
  'set-up': 'Create the first administrator',
  invitation: 'Welcome',
  link: 'Set a new password',
};

const ABOUT: Record<Purpose, string> = {
  'set-up': 'You will be able to do everything on this platform, and to invite others.',
  invitation: 'You have been invited. Choose a password to get started.',
  link: 'This link works only once.',
};

/** What a link carries stands behind `#`, so that it reaches no server's log. */
function secretOf(hash: string): { purpose: Purpose; token: string } | undefined {
  const [purpose = '', token = ''] = hash.replace(/^#/, '').split('=');
  return PURPOSES.includes(purpose) && token !== '' ? { purpose: purpose as Purpose, token } : undefined;
}

export function SignInScreen() {
  const { next = '/', problem } = route.useSearch();
  const router = useRouter();
  const client = useQueryClient();
  // Also when a link is opened where this page is already.
  const secret = secretOf(useLocation({ select: ({ hash }) => hash }));
  const [second, setSecond] = useState(false);
  const options = useQuery({
    queryKey: ['sign-in'],
    queryFn: ({ signal }) => call(api.GET('/api/sign-in', { signal })),
    initialData: () => carried.data<Schemas['SignInOptions']>('/api/sign-in', undefined),
  });
  const onState = async (state: SignInState) => {
    if (state.status === 'second_factor') {
      setSecond(true);
      return;
    }
    client.clear();
    // Who has to add a second factor first is led there by the page that comes next.
    await client.fetchQuery(meQuery).catch(() => undefined);
    router.history.replace(next);
  };
  if (second) {
    return (
      <Shell title="Second factor">
        <SecondFactorForm onState={onState} />
      </Shell>
    );
  }
  if (secret !== undefined) {
    return (
      <Shell title={TITLES[secret.purpose]} about={ABOUT[secret.purpose]}>
        <NewPasswordForm key={secret.token} {...secret} onState={onState} />
        {secret.purpose === 'invitation' && options.data !== undefined && (
          <Providers options={options.data} next={next} invitation={secret.token} />
        )}
      </Shell>
    );
  }
  return (
    <Shell title="Sign in">
      {problem !== undefined && <FormError error={providerProblem(problem)} />}
      <Show query={options} skeleton={<Skeleton className="h-48" />}>
        {(data) => (
          <>
            {data.set_up && <SetUpHint />}
            <PasswordForm options={data} next={next} onState={onState} />
          </>
        )}
      </Show>
    </Shell>
  );
}

/** What went wrong at an identity provider; its code stands in the URL. */
const providerProblem = (code: string): ProblemError =>
  new ProblemError({ status: 409, code, detail: 'signing in with the provider did not work' });

/** Nobody can sign in as an administrator yet. */
const SetUpHint = () => (
  <div className="grid gap-2 rounded-md bg-info-soft p-3 text-ui">
    <p>
      This platform has no administrator yet. Open the address that the first start printed. If you no longer have it, this
      command prints a new one:
    </p>
    <Command text="bifrost set-up" />
  </div>
);
