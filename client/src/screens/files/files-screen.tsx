/** Files of the organization: what people sent, what workflows wrote. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { FileUp, Link2, Upload } from 'lucide-react';
import { useRef, useState, type DragEvent } from 'react';
import { useMay, useOrganization } from '@/api/session';
import type { StoredFile } from '@/api/types';
import { cn } from '@/lib/cn';
import { quote } from '@/lib/commands';
import { bytes, count, plural } from '@/lib/format';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Confirm } from '@/ui/confirm';
import { NothingFits } from '@/ui/nothing-fits';
import { Page } from '@/ui/page';
import { Pages } from '@/ui/pages';
import { SearchBox } from '@/ui/search-box';
import { Empty, Show } from '@/ui/states';
import { entriesOf } from './entries';
import { FilesTable } from './files-table';
import { Locations } from './locations';
import { filesQuery, usageQuery } from './queries';
import { SignDialog } from './sign-dialog';
import { Trail } from './trail';
import { pathOf, UploadList, useUploads } from './uploads';

const route = getRouteApi('/app/files');

export function FilesScreen() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const may = useMay();
  const { location = 'uploads', folder, cursor, q, sort } = search;
  const files = useQuery(filesQuery(organization, { location, folder, cursor }));
  const uploads = useUploads();
  const picker = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const [chosen, setChosen] = useState<File[]>([]);
  const [signing, setSigning] = useState(false);
  const reads = may('files.read');
  const writes = may('files.write');
  const known = new Set(files.data?.files.map(({ path }) => path));
  const replaced = chosen.map((file) => pathOf(file, folder)).filter((path) => known.has(path));
  const pick = () => picker.current?.click();
  const send = (all: File[]) => {
    if (all.some((file) => known.has(pathOf(file, folder)))) setChosen(all);
    else uploads.add(all, location, folder);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    send([...event.dataTransfer.files]);
  };
  const next = files.data?.next_cursor;
  const shown = (all: StoredFile[]) => {
    const wanted = (q ?? '').toLowerCase();
    // A search looks below, too: it shows whole paths.
    return q === undefined ? entriesOf(all, folder) : { folders: [], files: all.filter(({ path }) => path.toLowerCase().includes(wanted)) };
  };
  return (
    <Page
      title="Files"
      about={reads && <Usage location={location} />}
      actions={
        writes && (
          <>
            <Button onClick={() => setSigning(true)}>
              <Link2 aria-hidden />
              Upload address
            </Button>
            <Button look="primary" onClick={pick}>
              <Upload aria-hidden />
              Upload
            </Button>
          </>
        )
      }
    >
      <input
        ref={picker}
        type="file"
        multiple
        hidden
        aria-label="Files to upload"
        onChange={(event) => {
          send([...(event.target.files ?? [])]);
          event.target.value = '';
        }}
      />
      {reads && (
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
          <Locations value={location} onChange={(now) => void navigate({ search: now === 'uploads' ? {} : { location: now } })} />
          <SearchBox
            label="Search files"
            placeholder="Part of a path…"
            value={q}
            onChange={(now) => void navigate({ search: (old) => ({ ...old, q: now }), replace: true, resetScroll: false })}
            className="w-full sm:w-64"
          />
          {location === 'temp' && <p className="text-ui text-muted">Files here are deleted 24 hours after they were written.</p>}
        </div>
      )}
      <Trail location={location} folder={folder} />
      <UploadList uploads={uploads} />
      <div
        onDragOver={(event) => {
          if (!writes || !event.dataTransfer.types.includes('Files')) return;
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={writes ? drop : undefined}
        className={cn('rounded-lg', over && 'outline-2 outline-offset-2 outline-accent-text')}
      >
        <Card padded={false}>
          <Show query={files}>
            {({ files: all }) => {
              const entries = shown(all);
              if (entries.folders.length + entries.files.length > 0) {
                return (
                  <FilesTable
                    {...entries}
                    location={location}
                    folder={q === undefined ? folder : undefined}
                    sort={sort}
                    onSort={(now) => void navigate({ search: (old) => ({ ...old, sort: now }), replace: true, resetScroll: false })}
                  />
                );
              }
              if (q !== undefined) {
                return (
                  <NothingFits
                    icon={FileUp}
                    title="No file fits"
                    onClear={() => void navigate({ search: (old) => ({ ...old, q: undefined }), replace: true, resetScroll: false })}
                  >
                    Search for another part of the path, or look in another location.
                  </NothingFits>
                );
              }
              return (
                <Empty
                  icon={FileUp}
                  title={folder === undefined ? `No files in ${location} yet` : 'This folder is empty'}
                  {...(writes ? { action: <Button onClick={pick}>Choose files</Button> } : {})}
                  command={`bifrost files put june.csv ${quote(`${folder === undefined ? '' : `${folder}/`}june.csv`)} --location ${quote(location)}`}
                >
                  {writes && <p className="pointer-coarse:hidden">Drop files here, or choose them below.</p>}
                  <p>Workflows read them like this:</p>
                  <code className="block max-w-full overflow-x-auto font-mono text-xs whitespace-nowrap" tabIndex={0}>
                    await files.read("june.csv", location="{location}")
                  </code>
                </Empty>
              );
            }}
          </Show>
        </Card>
      </div>
      <Pages
        back={cursor === undefined ? undefined : () => void navigate({ search: (old) => ({ ...old, cursor: undefined }) })}
        on={next == null ? undefined : () => void navigate({ search: (old) => ({ ...old, cursor: next }) })}
        backLabel="From the beginning"
        onLabel="Next"
      />
      <Confirm
        open={chosen.length > 0}
        onClose={() => setChosen([])}
        title={`Replace ${plural(replaced.length, 'file')}?`}
        action="Replace"
        onConfirm={async () => {
          uploads.add(chosen, location, folder);
          await Promise.resolve();
        }}
      >
        <p>{replaced.length === 1 ? 'A file with this name exists' : 'Files with these names exist'} already. {replaced.length === 1 ? 'Its' : 'Their'} present content is lost for good.</p>
        <ul className="max-h-40 overflow-y-auto font-mono text-xs">
          {replaced.map((path) => (
            <li key={path} className="break-all">
              {path}
            </li>
          ))}
        </ul>
      </Confirm>
      {signing && <SignDialog method="PUT" location={location} path={folder === undefined ? '' : `${folder}/`} onClose={() => setSigning(false)} />}
    </Page>
  );
}

/** From this share on there is a warning. */
const NEAR = 0.9;

/** What the location takes, and all of them of what the organization may. */
function Usage({ location }: { location: string }) {
  const organization = useOrganization();
  const { data } = useQuery(usageQuery(organization));
  if (data === undefined) return <span>An organization can keep 100,000 files and 10 GiB.</span>;
  const here = data.locations.find(({ name }) => name === location);
  return (
    <div className="grid gap-1 tabular-nums">
      <p>
        {here !== undefined && `${plural(here.count, 'file')} and ${bytes(here.bytes)} in ${location}. `}All locations together:{' '}
        {count(data.count)} of {plural(data.max_count, 'file')} and {bytes(data.used)} of {bytes(data.quota)}.
      </p>
      {Math.max(data.used / data.quota, data.count / data.max_count) >= NEAR && <p className="text-warn">Little space is left. Delete what nobody needs, or ask for more.</p>}
    </div>
  );
}
