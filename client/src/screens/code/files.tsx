/** The files of the active version, and the one that the URL names. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { FileText, Share2 } from 'lucide-react';
import { api, call } from '@/api/client';
import { fileQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import { bytes } from '@/lib/format';
import { Badge } from '@/ui/badge';
import { Card } from '@/ui/card';
import { Code } from '@/ui/code';
import { CopyButton } from '@/ui/copy';
import { Empty, Show, Skeleton } from '@/ui/states';

const route = getRouteApi('/app/code');

export function Files() {
  const search = route.useSearch();
  const organization = useOrganization();
  const files = useQuery({
    queryKey: ['files', organization],
    queryFn: ({ signal }) => call(api.GET('/api/workspace/files', { signal })),
  });
  return (
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
                      search={{ path: file.path }}
                      aria-current={file.path === path ? 'true' : undefined}
                      className="flex min-h-7 items-center gap-2 rounded px-2 py-0.5 font-mono text-xs text-muted hover:bg-hover hover:text-ink aria-[current]:bg-accent-soft aria-[current]:text-accent-text"
                    >
                      <FileText className="size-3.5 shrink-0" aria-hidden />
                      <span className="min-w-0 flex-1 break-all">{file.path}</span>
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
              <File path={path} line={search.line} shared={all.some((file) => file.path === path && file.is_shared)} />
            )}
          </div>
        );
      }}
    </Show>
  );
}

function File({ path, line, shared }: { path: string; line: number | undefined; shared: boolean }) {
  const organization = useOrganization();
  const file = useQuery(fileQuery(organization, path));
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
