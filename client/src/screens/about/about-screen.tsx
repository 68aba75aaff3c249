/** What this platform is: version, license, and what it stands on. */
import { useQuery } from '@tanstack/react-query';
import { api, call } from '@/api/client';
import { useBranding } from '@/lib/branding';
import { Card } from '@/ui/card';
import { Fact, Facts, Page } from '@/ui/page';
import { Show } from '@/ui/states';

/** Where licenses are, by their SPDX identifiers. */
const LICENSES = 'https://spdx.org/licenses/';

/** The host's word for what is a part of the program. */
const EMBEDDED = 'embedded';

const engineName = (name: string): string => (name === EMBEDDED ? 'Built in' : name);

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
            <Card title={name === 'Bifrost' ? name : `${name}, powered by Bifrost`}>
              <Facts>
                <Fact name="Version">{version}</Fact>
                {commit != null && (
                  <Fact name="Commit">
                    <code className="font-mono text-xs break-all">{commit}</code>
                  </Fact>
                )}
                <Fact name="License">
                  <a href={`${LICENSES}${license}.html`} target="_blank" rel="noreferrer" className={link}>
                    {license}
                  </a>
                </Fact>
              </Facts>
            </Card>
            {engines != null && (
              <Card title="Engines">
                <Facts>
                  <Fact name="Database">{engines.database}</Fact>
                  <Fact name="Queue">{engines.queue == null ? 'None in this process' : engineName(engines.queue)}</Fact>
                  <Fact name="Live events">{engineName(engines.bus)}</Fact>
                  <Fact name="Object storage">{engines.objects === EMBEDDED ? 'Files on this server' : engines.objects}</Fact>
                </Facts>
              </Card>
            )}
            <Card title="Documentation">
              <p className="text-ui text-muted">
                The guides are in the <code className="font-mono text-xs">docs</code> folder of the source code. This server also
                provides the{' '}
                <a href="/openapi.json" target="_blank" rel="noreferrer" className={link}>
                  OpenAPI description of its API
                </a>
                .
              </p>
            </Card>
          </>
        )}
      </Show>
    </Page>
  );
}
