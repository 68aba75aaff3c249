/** Who did what: searched, paged, exported, verified. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ScrollText } from 'lucide-react';
import { api, call } from '@/api/client';
import { useOrganization } from '@/api/session';
import type { AuditEntry } from '@/api/types';
import { Badge, type Tone } from '@/ui/badge';
import { LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { Input } from '@/ui/field';
import { JsonTree } from '@/ui/json-tree';
import { Page } from '@/ui/page';
import { Pages } from '@/ui/pages';
import { SearchBox } from '@/ui/search-box';
import { Empty, Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { ExportButton, VerifyButton } from './chain';
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
      about="Every change, every denied access, every run that was asked for. Entries are chained: none can be taken out unseen."
      actions={
        <>
          <VerifyButton />
          <ExportButton search={search} />
        </>
      }
    >
      <div className="flex flex-wrap items-center gap-2">
        <SearchBox label="Actor" placeholder="Actor: e-mail or id" value={search.actor} onChange={(actor) => set({ actor })} className="w-full sm:w-52" />
        <SearchBox label="Action" placeholder="Action: config. or user.create" value={search.action} onChange={(action) => set({ action })} className="w-full sm:w-60" />
        <SearchBox label="Target" placeholder="Target: config:smtp_host" value={search.target} onChange={(target) => set({ target })} className="w-full sm:w-52" />
        <label className="flex items-center gap-1.5 text-ui text-muted">
          From
          <Input type="date" className="w-36" value={search.since ?? ''} onChange={(event) => set({ since: event.target.value || undefined })} />
        </label>
        <label className="flex items-center gap-1.5 text-ui text-muted">
          Until
          <Input type="date" className="w-36" value={search.until ?? ''} onChange={(event) => set({ until: event.target.value || undefined })} />
        </label>
      </div>
      <Card padded={false}>
        <Show query={audit}>
          {({ entries }) =>
            entries.length === 0 ? (
              <Empty
                icon={ScrollText}
                title="No entry fits"
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

const OUTCOMES: Record<AuditEntry['outcome'], { word: string; tone: Tone }> = {
  done: { word: 'Done', tone: 'good' },
  denied: { word: 'Denied', tone: 'warn' },
  failed: { word: 'Failed', tone: 'bad' },
};

function Entry({ entry }: { entry: AuditEntry }) {
  const { word, tone } = OUTCOMES[entry.outcome];
  return (
    <li>
      <details className="group">
        <summary className="grid cursor-pointer grid-cols-[auto_minmax(0,1fr)_auto] items-center gap-x-3 gap-y-0.5 px-4 py-2.5 text-ui hover:bg-hover/60 focus-visible:-outline-offset-2">
          <Badge tone={tone} className="w-16 justify-center">
            {word}
          </Badge>
          <span className="min-w-0">
            <span className="font-mono text-xs font-medium">{entry.action}</span>{' '}
            {entry.target != null && <span className="font-mono text-xs break-all text-muted">{entry.target}</span>}
          </span>
          <Ago at={entry.at} className="whitespace-nowrap text-muted" />
          <span className="col-start-2 col-end-4 truncate text-xs text-muted">
            {entry.actor.name}
            {entry.actor.address != null && ` · ${entry.actor.address}`}
          </span>
        </summary>
        <div className="grid gap-2 border-t bg-sunken px-4 py-3">
          <JsonTree value={{ sequence: entry.sequence, details: entry.details, actor: entry.actor, hash: entry.hash }} />
        </div>
      </details>
    </li>
  );
}
