/** The files of the active version, or of the one that the URL names, and one of them. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { FileText, Share2 } from 'lucide-react';
import { api, call } from '@/api/client';
import { fileQuery, versionsQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import { bytes } from '@/lib/format';
import { Badge } from '@/ui/badge';
import { Card } from '@/ui/card';
import { Code } from '@/ui/code';
import { CopyButton } from '@/ui/copy';
import { Notice } from '@/ui/notice';
import { Empty, Show, Skeleton } from '@/ui/states';
import { Ago } from '@/ui/time';

const route = getRouteApi('/app/code');

export function Files() {
  const search = route.useSearch();
  const organization = useOrganization();
  const files = useQuery({
    queryKey: ['files', organization, search.version],
    queryFn: ({ signal }) =>
      call(
        api.GET('/api/workspace/files', {
          params: { query: search.version === undefined ? {} : { version: search.version } },
          signal,
        }),
      ),
  });
  return (
    <>
      {search.version !== undefined && <Then version={search.version} path={search.path} />}
      <Show query={files}>
        {({ files: all }) => {
          const path = search.path ?? all.find((file) => file.path.endsWith('.py'))?.path;
          return (
            <div className="grid items-start gap-4 lg:grid-cols-[17rem_minmax(0,1fr)]">
              <Card title="Files" padded={false}>
                <ul className="max-h-72 overflow-y-auto p-1.5 lg:max-h-[70vh]">
                  {all.map((file) => (
                    <li key={file.path}>
                      <Link
                        to="/code"
                        search={{ path: file.path, ...(search.version === undefined ? {} : { version: search.version }) }}
                        aria-current={file.path === path ? 'true' : undefined}
                        className="flex min-h-7 items-center gap-2 rounded px-2 py-0.5 font-mono text-xs text-muted hover:bg-hover hover:text-ink aria-[current]:bg-accent-soft aria-[current]:text-accent-text"
                      >
                        <FileText className="size-3.5 shrink-0" aria-hidden />
                        <span className="min-w-0 flex-1 truncate" title={file.path}>
                          {file.path}
                        </span>
                        {file.is_shared && <Share2 className="size-3.5 shrink-0" role="img" aria-label="Shared by the provider" />}
                      </Link>
                    </li>
                  ))}
                </ul>
              </Card>
              {path === undefined ? (
                <Card>
                  <Empty icon={FileText} title="Choose a file" />
                </Card>
              ) : (
                <File path={path} line={search.line} version={search.version} shared={all.some((file) => file.path === path && file.is_shared)} />
              )}
            </div>
          );
        }}
      </Show>
    </>
  );
}

/** Says that these are not the files that new runs get. */
function Then({ version, path }: { version: string; path: string | undefined }) {
  const versions = useQuery(versionsQuery(useOrganization()));
  const found = versions.data?.find((one) => one.version === version);
  if (found === undefined || found.is_active) return null;
  return (
    <Notice className="mb-4">
      <p>
        These are the files of version {found.number}, deployed <Ago at={found.created_at} />.{' '}
        <Link to="/code" search={path === undefined ? {} : { path }} className="text-accent-text hover:underline">
          Show those of the active version
        </Link>
      </p>
    </Notice>
  );
}

interface FileProps {
  path: string;
  line: number | undefined;
  version: string | undefined;
  shared: boolean;
}

function File({ path, line, version, shared }: FileProps) {
  const organization = useOrganization();
  const file = useQuery(fileQuery(organization, path, version));
  const language = path.endsWith('.py') ? 'python' : path.endsWith('.json') ? 'json' : undefined;
  return (
    <Card
      padded={false}
      title={<span className="font-mono text-xs font-normal break-all">{path}</span>}
      actions={
        <>
          {shared && <Badge tone="info">Shared</Badge>}
          {file.data !== undefined && (
            <>
              <span className="text-xs text-muted">{bytes(file.data.size)}</span>
              <CopyButton text={file.data.content} label="Copy the file" />
            </>
          )}
        </>
      }
    >
      <Show query={file} skeleton={<Skeleton className="m-4 h-64" />}>
        {({ content }) => <Code key={path} value={content} label={path} language={language} line={line} />}
      </Show>
    </Card>
  );
}
