/** The packages that the active version was built with. */
import type { ColumnDef } from '@tanstack/react-table';
import { Package as PackageIcon, TriangleAlert } from 'lucide-react';
import type { components } from '@/api/schema';
import type { Package } from '@/api/types';
import { useMay } from '@/api/session';
import { bytes, plural } from '@/lib/format';
import { asksForPackages } from '@/lib/requirements';
import { LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { Command, CopyButton } from '@/ui/copy';
import { DataTable } from '@/ui/data-table';
import { Empty } from '@/ui/states';

type Warning = components['schemas']['Warning'];

export function Packages({ packages, warnings }: { packages: Package[]; warnings: Warning[] }) {
  const may = useMay();
  const about = warnings.filter(({ path }) => asksForPackages(path));
  return (
    <div className="grid items-start gap-5 lg:grid-cols-[minmax(0,1fr)_20rem]">
      <Card padded={false} title={packages.length === 0 ? undefined : plural(packages.length, 'package')}>
        {packages.length === 0 ? (
          <Empty
            icon={PackageIcon}
            title="This version has no packages"
            command={'echo "requests>=2.32" >> requirements.txt\nbifrost deploy .'}
            action={
              may('workspace.draft') && (
                <LinkButton to="/code/edit" search={{}} look="primary">
                  List them in the editor
                </LinkButton>
              )
            }
          >
            List them in requirements.txt at the root of the workspace. Each run has pydantic without that.
          </Empty>
        ) : (
          <DataTable label="Packages" rows={packages} columns={columns} id={({ name }) => name} />
        )}
      </Card>
      <div className="grid gap-5">
        {about.length > 0 && (
          <Card title="What the deploy found">
            <ul className="grid gap-2 text-ui">
              {about.map(({ path, line, message }) => (
                <li key={`${path}${line ?? ''}${message}`} className="flex gap-2">
                  <TriangleAlert className="mt-0.5 size-4 shrink-0 text-warn" role="img" aria-label="Warning" />
                  <span className="min-w-0 break-words">
                    <code className="font-mono text-xs">
                      {path}
                      {line != null && `:${line}`}
                    </code>{' '}
                    {message}
                  </span>
                </li>
              ))}
            </ul>
          </Card>
        )}
        <Card title="How they get here">
          <div className="grid gap-3 text-ui text-muted">
            <p>
              A version keeps exactly these packages, by their hash, for as long as its requirements stay the same. The editor’s Deploy… can choose
              them anew, and so does this:
            </p>
            <Command text="bifrost deploy . --upgrade" />
            <p>
              Packages in pure Python can be installed, and a few whose compiled part has a counterpart in Python. A requirement that cannot be met
              refuses the whole deploy, and nothing changes here: the command prints each reason with its line, and what to use instead where that is
              known. This asks without deploying:
            </p>
            <Command text="bifrost deploy . --dry-run" />
          </div>
        </Card>
      </div>
    </div>
  );
}

const columns: ColumnDef<Package>[] = [
  { id: 'name', header: 'Name', cell: ({ row: { original } }) => <span className="font-medium break-words">{original.name}</span> },
  { id: 'version', header: 'Version', cell: ({ row: { original } }) => <code className="font-mono text-xs">{original.version}</code> },
  {
    id: 'size',
    header: 'Size',
    cell: ({ row: { original } }) => <span className="whitespace-nowrap text-muted tabular-nums">{bytes(original.size)}</span>,
    meta: { wide: true },
  },
  {
    id: 'hash',
    header: 'SHA-256',
    cell: ({ row: { original } }) => (
      <span className="flex items-center gap-1">
        <code className="font-mono text-xs text-muted">{original.sha256.slice(0, 16)}…</code>
        <CopyButton text={original.sha256} label={`Copy the hash of ${original.name}`} />
      </span>
    ),
    meta: { wide: true },
  },
];
