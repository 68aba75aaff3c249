/** Where the platform asks for a second factor: adding one, or signing in with the one that is there. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { Fingerprint, LogOut } from 'lucide-react';
import { api, call } from '@/api/client';
import { forgetAll } from '@/api/queries';
import { useSignOut } from '@/frame/use-sign-out';
import { canUsePasskeys } from '@/lib/passkeys';
import { Passkeys } from '@/screens/account/passkeys';
import { SecondFactor } from '@/screens/account/second-factor';
import { ownSignInKey } from '@/screens/account/use-change';
import { Button } from '@/ui/button';
import { Notice } from '@/ui/notice';
import { FormError, Show, Skeleton } from '@/ui/states';
import { signInWithPasskey } from './passkey';
import { Shell } from './shell';

const route = getRouteApi('/second-factor');

export function AddFactorScreen() {
  const { next = '/' } = route.useSearch();
  const router = useRouter();
  const client = useQueryClient();
  const own = useQuery({
    queryKey: ownSignInKey,
    queryFn: ({ signal }) => call(api.GET('/api/me/sign-in', { signal })),
  });
  const goOn = () => {
    forgetAll(client);
    router.history.replace(next);
  };
  const passkey = useMutation({ mutationFn: signInWithPasskey, onSuccess: goOn });
  const signOut = useSignOut(next);
  return (
    <Shell title="A second factor is needed" about="This platform asks for more than a password.">
      <FormError error={passkey.error} />
      <Show query={own} skeleton={<Skeleton className="h-40" />}>
        {(data) => {
          const isDone = !data.needs_second_factor;
          if (!isDone && (data.has_second_factor || data.passkeys.length > 0)) {
            return (
              <>
                <p className="text-ui">
                  You already have one. Sign in with it, or if you lost it, ask an administrator for a link that removes it.
                </p>
                {data.passkeys.length > 0 && canUsePasskeys() && (
                  <Button look="primary" size="large" busy={passkey.isPending} onClick={() => passkey.mutate()}>
                    <Fingerprint aria-hidden />
                    Sign in with a passkey
                  </Button>
                )}
              </>
            );
          }
          // The card of the app stays when it is added: it shows the recovery codes then.
          return (
            <>
              {isDone ? (
                <Notice tone="good" role="status">
                  You are all set.
                </Notice>
              ) : (
                <p className="text-ui">Add one of these two. Nothing else works until then.</p>
              )}
              <SecondFactor has={data.has_second_factor} codesLeft={data.recovery_codes_left} />
              {canUsePasskeys() && <Passkeys passkeys={data.passkeys} />}
              {isDone && (
                <Button look="primary" size="large" onClick={goOn}>
                  Continue
                </Button>
              )}
            </>
          );
        }}
      </Show>
      <Button look="quiet" busy={signOut.isPending} onClick={() => signOut.mutate()}>
        <LogOut aria-hidden />
        Sign out
      </Button>
    </Shell>
  );
}
