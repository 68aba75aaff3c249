/** All runs: filtered by the URL, a page at a time, live. */
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { FileClock } from 'lucide-react';
import { runsQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import { useLiveRuns } from '@/frame/live';
import { LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { Page } from '@/ui/page';
import { Pages } from '@/ui/pages';
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
  const next = runs.data?.next_cursor;
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
              <RunsTable runs={executions} />
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
