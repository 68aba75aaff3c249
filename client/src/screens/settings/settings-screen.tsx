/** What an operator sets for the whole platform. */
import { useQuery } from '@tanstack/react-query';
import { Page } from '@/ui/page';
import { Show } from '@/ui/states';
import { BrandingCard } from './branding-card';
import { MailCard } from './mail-card';
import { settingsQuery } from './queries';
import { SignInCard } from './sign-in-card';

export function SettingsScreen() {
  const settings = useQuery(settingsQuery);
  return (
    <Page title="Settings" about="They apply to the whole platform and all of its organizations." className="max-w-3xl">
      <Show query={settings}>
        {({ branding, mail, second_factor }) => (
          <>
            <BrandingCard branding={branding} />
            <MailCard mail={mail ?? undefined} />
            <SignInCard policy={second_factor} />
          </>
        )}
      </Show>
    </Page>
  );
}
