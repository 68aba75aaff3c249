/** One version: what it changes, and what can be done with it. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { api, call } from '@/api/client';
import { useUserName } from '@/api/names';
import { versionsQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import { Card } from '@/ui/card';
import { Select } from '@/ui/field';
import { Fact, Facts, Page } from '@/ui/page';
import { Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { Diff } from './diff';
import { Report, Warm } from './report';
import { StateBadge } from './versions';
import { VersionActions } from './version-actions';

const route = getRouteApi('/app/code/versions/$number');

export function VersionScreen() {
  const number = Number(route.useParams().number);
  const { against } = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const nameOf = useUserName();
  const version = useQuery({
    queryKey: ['version', organization, number],
    queryFn: ({ signal }) => call(api.GET('/api/workspace/versions/{number}', { params: { path: { number } }, signal })),
  });
  const diff = useQuery({
    queryKey: ['diff', organization, number, against],
    queryFn: ({ signal }) =>
      call(
        api.GET('/api/workspace/versions/{number}/diff', {
          params: { path: { number }, query: against === undefined ? {} : { against } },
          signal,
        }),
      ),
  });
  const { data: versions = [] } = useQuery(versionsQuery(organization));
  return (
    <Page
      title={`Version ${number}`}
      above={
        <Link to="/code" search={{ tab: 'versions' }} className="hover:text-ink hover:underline">
          Versions
        </Link>
      }
      about={version.data?.message}
      actions={version.data !== undefined && <VersionActions version={version.data} against={diff.data?.against} />}
    >
      <Show query={version}>
        {(data) => (
          <>
            <Card>
              <Facts className="sm:grid-cols-[auto_1fr_auto_1fr]">
                <Fact name="State">
                  <StateBadge version={data} />
                </Fact>
                <Fact name="By">
                  {nameOf(data.created_by)}, <Ago at={data.created_at} />
                </Fact>
                <Fact name="Workflows">{data.workflow_count}</Fact>
                {(data.is_active || data.warm.workers > 0) && (
                  <Fact name="Workers">
                    <Warm warm={data.warm} />
                  </Fact>
                )}
                {data.reviewed_at != null && (
                  <Fact name="Reviewed">
                    {nameOf(data.reviewed_by)}, <Ago at={data.reviewed_at} />
                    {data.review_comment != null && <q className="ml-2">{data.review_comment}</q>}
                  </Fact>
                )}
                <Fact name="Source">
                  <code className="font-mono text-xs">{data.source_hash.slice(0, 16)}</code>
                </Fact>
              </Facts>
            </Card>
            <Report report={data.report} />
          </>
        )}
      </Show>
      <div className="flex flex-wrap items-center gap-2">
        <h2 className="font-semibold">Changes</h2>
        <Select
          aria-label="Compared with"
          className="ml-auto w-auto"
          value={against ?? ''}
          onChange={(event) =>
            void navigate({
              search: (old) => ({ ...old, against: event.target.value === '' ? undefined : Number(event.target.value) }),
              replace: true,
              resetScroll: false,
            })
          }
        >
          <option value="">Compared with the active version</option>
          {versions
            .filter((other) => other.number !== number)
            .map((other) => (
              <option key={other.number} value={other.number}>
                Compared with version {other.number}
              </option>
            ))}
        </Select>
      </div>
      <Show query={diff}>{(data) => <Diff files={data.files} sharedChanged={data.shared_changed} />}</Show>
    </Page>
  );
}
