/** Who did what: searched, paged, exported, verified. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ScrollText } from 'lucide-react';
import { api, call } from '@/api/client';
import { useOrganization } from '@/api/session';
import { LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { Day } from '@/ui/day';
import { Folded } from '@/ui/folded';
import { Page } from '@/ui/page';
import { Pages } from '@/ui/pages';
import { SearchBox } from '@/ui/search-box';
import { Empty, Show } from '@/ui/states';
import { ExportButton, VerifyButton } from './chain';
import { Entry } from './entry';
import { toQuery } from './query';

const route = getRouteApi('/app/audit');

/** Entries of a page. */
const PAGE = 50;

export function AuditScreen() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const query = toQuery(search);
  const audit = useQuery({
    queryKey: ['audit', organization, query],
    queryFn: ({ signal }) => call(api.GET('/api/audit', { params: { query: { ...query, limit: PAGE } }, signal })),
    placeholderData: keepPreviousData,
  });
  const set = (change: Partial<typeof search>) =>
    void navigate({ search: (old) => ({ ...old, cursor: undefined, ...change }), replace: true, resetScroll: false });
  const next = audit.data?.next_cursor;
  return (
    <Page
      title="Audit log"
      about="Every change, every denied access, and every submitted run. Entries are chained, so none can be removed unnoticed."
      actions={
        <>
          <VerifyButton />
          <ExportButton search={search} />
        </>
      }
    >
      <Folded label="Filters" open={Object.keys(query).length > 0}>
        <div className="grid grid-cols-2 items-center gap-2 sm:flex sm:flex-wrap">
          <SearchBox label="Actor" placeholder="Actor: e-mail or ID" value={search.actor} onChange={(actor) => set({ actor })} className="max-sm:col-span-2 sm:w-52" />
          <SearchBox label="Action" placeholder="Action: config. or user.create" value={search.action} onChange={(action) => set({ action })} className="max-sm:col-span-2 sm:w-60" />
          <SearchBox label="Target" placeholder="Target: config:retries" value={search.target} onChange={(target) => set({ target })} className="max-sm:col-span-2 sm:w-52" />
          <Day label="From" value={search.since} onChange={(since) => set({ since })} />
          <Day label="Until" value={search.until} onChange={(until) => set({ until })} />
        </div>
      </Folded>
      <Card padded={false}>
        <Show query={audit}>
          {({ entries }) =>
            entries.length === 0 ? (
              <Empty
                icon={ScrollText}
                title="No entries found"
                action={
                  <LinkButton to="/audit" search={{}}>
                    Show all
                  </LinkButton>
                }
              />
            ) : (
              <ol className="divide-y">
                {entries.map((entry) => (
                  <Entry key={entry.id} entry={entry} />
                ))}
              </ol>
            )
          }
        </Show>
      </Card>
      <Pages
        back={search.cursor === undefined ? undefined : () => void navigate({ search: (old) => ({ ...old, cursor: undefined }) })}
        on={next == null ? undefined : () => void navigate({ search: (old) => ({ ...old, cursor: next }) })}
      />
    </Page>
  );
}
