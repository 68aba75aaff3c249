/** What this platform is: version, licence, and what it stands on. */
import { useQuery } from '@tanstack/react-query';
import { api, call } from '@/api/client';
import { useBranding } from '@/lib/branding';
import { Card } from '@/ui/card';
import { Fact, Facts, Page } from '@/ui/page';
import { Show } from '@/ui/states';

/** Where licences are, by their SPDX identifiers. */
const LICENCES = 'https://spdx.org/licenses/';

const link = 'font-medium text-accent-text underline underline-offset-2 hover:no-underline';

export function AboutScreen() {
  const { product_name: name } = useBranding();
  const about = useQuery({
    queryKey: ['about'],
    queryFn: ({ signal }) => call(api.GET('/api/about', { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  });
  return (
    <Page title="About" className="max-w-3xl">
      <Show query={about}>
        {({ version, commit, license, engines }) => (
          <>
            <Card title={name === 'Bifrost' ? name : `${name}, which is Bifrost`}>
              <Facts>
                <Fact name="Version">{version}</Fact>
                {commit != null && (
                  <Fact name="Commit">
                    <code className="font-mono text-xs break-all">{commit}</code>
                  </Fact>
                )}
                <Fact name="Licence">
                  <a href={`${LICENCES}${license}.html`} target="_blank" rel="noreferrer" className={link}>
                    {license}
                  </a>
                </Fact>
              </Facts>
            </Card>
            {engines != null && (
              <Card title="Engines">
                <Facts>
                  <Fact name="Database">{engines.database}</Fact>
                  <Fact name="Queue">{engines.queue ?? 'none in this process'}</Fact>
                  <Fact name="Live events">{engines.bus}</Fact>
                  <Fact name="Objects">{engines.objects === 'embedded' ? 'files of this machine' : engines.objects}</Fact>
                </Facts>
              </Card>
            )}
            <Card title="Documentation">
              <p className="text-ui text-muted">
                The guides are in the folder <code className="font-mono text-xs">docs</code> of the program’s source.{' '}
                <a href="/openapi.json" target="_blank" rel="noreferrer" className={link}>
                  The API’s document
                </a>{' '}
                (OpenAPI) comes from this platform.
              </p>
            </Card>
          </>
        )}
      </Show>
    </Page>
  );
}
