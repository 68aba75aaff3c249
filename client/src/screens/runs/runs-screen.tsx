/** All runs: filtered by the URL, a page at a time, live. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { ChevronLeft, ChevronRight, FileClock } from 'lucide-react';
import { runsQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import { useLiveRuns } from '@/frame/live';
import { Button, LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { Page } from '@/ui/page';
import { Empty, Show } from '@/ui/states';
import { Filters } from './filters';
import { toQuery } from './query';
import { RunsTable } from './runs-table';

const route = getRouteApi('/app/runs');

/** Runs of a page. */
const PAGE = 50;

export function RunsScreen() {
  useLiveRuns();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const runs = useQuery({
    ...runsQuery(organization, { ...toQuery(search), limit: PAGE }),
    placeholderData: keepPreviousData,
  });
  const filtered = Object.keys(toQuery(search)).length > 0;
  return (
    <Page title="Runs" about="The newest first; the list follows what happens.">
      <Filters search={search} onChange={(change) => void navigate({ search: (old) => ({ ...old, cursor: undefined, ...change }), replace: true, resetScroll: false })} />
      <Card padded={false}>
        <Show query={runs}>
          {({ executions }) =>
            executions.length === 0 ? (
              <NoRuns filtered={filtered} />
            ) : (
              <RunsTable
                runs={executions}
                sort={search.sort}
                onSort={(sort) => void navigate({ search: (old) => ({ ...old, sort }), replace: true, resetScroll: false })}
              />
            )
          }
        </Show>
      </Card>
      <nav aria-label="Pages" className="flex items-center justify-end gap-2">
        {search.cursor !== undefined && (
          <Button onClick={() => void navigate({ search: (old) => ({ ...old, cursor: undefined }) })}>
            <ChevronLeft aria-hidden />
            Newest
          </Button>
        )}
        {runs.data?.next_cursor != null && (
          <Button
            onClick={() => void navigate({ search: (old) => ({ ...old, cursor: runs.data?.next_cursor ?? undefined }) })}
          >
            Older
            <ChevronRight aria-hidden />
          </Button>
        )}
      </nav>
    </Page>
  );
}

function NoRuns({ filtered }: { filtered: boolean }) {
  if (filtered) {
    return (
      <Empty
        icon={FileClock}
        title="No run fits"
        action={
          <LinkButton to="/runs" search={{}}>
            Show all
          </LinkButton>
        }
      />
    );
  }
  return (
    <Empty
      icon={FileClock}
      title="Nothing has run yet"
      command="bifrost run hello --param name=Ada"
      action={
        <LinkButton to="/workflows" look="primary">
          Choose a workflow
        </LinkButton>
      }
    >
      Run a workflow here or from a terminal.
    </Empty>
  );
}
