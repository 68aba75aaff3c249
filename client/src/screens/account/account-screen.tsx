/** How one signs in, and where one is signed in. */
import { useQuery } from '@tanstack/react-query';
import { api, call } from '@/api/client';
import { useMe } from '@/api/session';
import { Card } from '@/ui/card';
import { Fact, Facts, Page } from '@/ui/page';
import { Show } from '@/ui/states';
import { ROLE_NAMES } from '@/screens/people/role-names';
import { Keyboard } from './keyboard';
import { Passkeys } from './passkeys';
import { Password } from './password';
import { SecondFactor } from './second-factor';
import { Sessions } from './sessions';
import { ownSignInKey } from './use-change';

export function AccountScreen() {
  const me = useMe();
  const own = useQuery({
    queryKey: ownSignInKey,
    queryFn: ({ signal }) => call(api.GET('/api/me/sign-in', { signal })),
  });
  return (
    <Page title="Sign-in and sessions" className="max-w-3xl">
      <Card>
        <Facts>
          <Fact name="Name">{me.name}</Fact>
          <Fact name="E-mail">{me.email}</Fact>
          <Fact name="Organization">{me.organization_name}</Fact>
          <Fact name="Role">{ROLE_NAMES[me.role]}</Fact>
        </Facts>
      </Card>
      <Show query={own}>
        {(data) => (
          <>
            <Password hasPassword={data.has_password} />
            <SecondFactor has={data.has_second_factor} codesLeft={data.recovery_codes_left} />
            <Passkeys passkeys={data.passkeys} />
          </>
        )}
      </Show>
      <Sessions />
      <Keyboard />
    </Page>
  );
}
