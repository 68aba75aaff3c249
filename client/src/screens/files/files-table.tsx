/** Folders and files in rows. */
import { Link } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { Download, EllipsisVertical, File as FileIcon, Folder as FolderIcon, Link2, Trash2 } from 'lucide-react';
import { useMemo, useState } from 'react';
import { api, call } from '@/api/client';
import { useUserName } from '@/api/names';
import { useMay } from '@/api/session';
import type { StoredFile } from '@/api/types';
import { useSave } from '@/lib/change';
import { bytes, plural } from '@/lib/format';
import { Button } from '@/ui/button';
import { Confirm } from '@/ui/confirm';
import { DataTable } from '@/ui/data-table';
import { Menu, MenuItem, MenuSeparator } from '@/ui/menu';
import { Ago } from '@/ui/time';
import { below, type Entries, type Folder } from './entries';
import { save } from './queries';
import { SignDialog } from './sign-dialog';

type Row = { name: string; bytes: number } & ({ folder: Folder; file?: never } | { file: StoredFile; folder?: never });

interface Props extends Entries {
  location: string;
  /** Paths are shown below it. */
  folder: string | undefined;
  sort: string | undefined;
  onSort: (sort: string | undefined) => void;
}

export function FilesTable({ folders, files, location, folder, sort, onSort }: Props) {
  const rows = useMemo(
    (): Row[] => [
      ...folders.map((one) => ({ name: one.name, bytes: one.bytes, folder: one })),
      ...files.map((file) => ({ name: below(file.path, folder), bytes: file.size, file })),
    ],
    [folders, files, folder],
  );
  const columns = useMemo(() => columnsFor(location), [location]);
  return <DataTable label="Files" rows={rows} columns={columns} id={(row) => `${row.folder === undefined ? 'f' : 'd'} ${row.name}`} sort={sort} onSort={onSort} />;
}

const columnsFor = (location: string): ColumnDef<Row>[] => [
  {
    accessorKey: 'name',
    header: 'Name',
    cell: ({ row: { original } }) =>
      original.folder === undefined ? <Name file={original.file} name={original.name} /> : <OpenFolder folder={original.folder} location={location} />,
  },
  {
    accessorKey: 'bytes',
    header: 'Size',
    cell: ({ row: { original } }) => (
      <span className="whitespace-nowrap text-muted tabular-nums">
        {bytes(original.bytes)}
        {original.folder !== undefined && <span className="max-sm:hidden"> in {plural(original.folder.files, 'file')}</span>}
      </span>
    ),
  },
  {
    id: 'type',
    accessorFn: ({ file }) => file?.content_type ?? '',
    header: 'Type',
    cell: ({ row: { original } }) => <span className="text-xs text-muted">{original.file?.content_type ?? 'folder'}</span>,
    meta: { wide: true },
  },
  {
    id: 'written',
    accessorFn: ({ file }) => file?.updated_at ?? '',
    header: 'Written',
    cell: ({ row: { original } }) => original.file !== undefined && <Written file={original.file} />,
    meta: { wide: true },
  },
  {
    id: 'actions',
    header: '',
    enableSorting: false,
    cell: ({ row: { original } }) => original.file !== undefined && <Actions file={original.file} name={original.name} />,
    meta: { className: 'w-12' },
  },
];

const OpenFolder = ({ folder, location }: { folder: Folder; location: string }) => (
  <span className="flex items-center gap-2">
    <FolderIcon className="size-4 shrink-0 text-accent-text" aria-hidden />
    <Link
      to="/files"
      search={{ ...(location === 'uploads' ? {} : { location }), folder: folder.path }}
      className="font-medium break-all after:absolute after:inset-0 hover:text-accent-text"
    >
      {folder.name}
      <span className="sr-only"> (folder)</span>
    </Link>
  </span>
);

const Name = ({ file, name }: { file: StoredFile; name: string }) => (
  <span className="flex items-center gap-2" title={`SHA-256 ${file.sha256}`}>
    <FileIcon className="size-4 shrink-0 text-muted" aria-hidden />
    <span className="break-all">{name}</span>
  </span>
);

function Written({ file }: { file: StoredFile }) {
  const nameOf = useUserName();
  return (
    <span className="text-muted">
      <Ago at={file.updated_at} className="whitespace-nowrap" />
      {file.updated_by != null && ` by ${nameOf(file.updated_by)}`}
      {file.expires_at != null && (
        <span className="block text-xs">
          deleted <Ago at={file.expires_at} />
        </span>
      )}
    </span>
  );
}

function Actions({ file, name }: { file: StoredFile; name: string }) {
  const may = useMay();
  const [asked, setAsked] = useState<'delete' | 'sign'>();
  const take = useSave(() => save(file), { again: [], loud: true });
  const remove = useSave(
    () => call(api.DELETE('/api/files/content', { params: { query: { location: file.location, path: file.path } } })),
    { says: () => `“${name}” is deleted`, again: ['stored-files'] },
  );
  return (
    <div className="text-right">
      <Menu
        label={name}
        trigger={
          <Button look="quiet" size="small" aria-label={`Actions of ${name}`} busy={take.isPending}>
            <EllipsisVertical aria-hidden />
          </Button>
        }
      >
        <MenuItem onSelect={() => take.mutate()}>
          <Download aria-hidden />
          Download
        </MenuItem>
        <MenuItem onSelect={() => setAsked('sign')}>
          <Link2 aria-hidden />
          Download address
        </MenuItem>
        {may('files.write') && (
          <>
            <MenuSeparator />
            <MenuItem danger onSelect={() => setAsked('delete')}>
              <Trash2 aria-hidden />
              Delete
            </MenuItem>
          </>
        )}
      </Menu>
      <Confirm open={asked === 'delete'} onClose={() => setAsked(undefined)} title={`Delete “${name}”?`} action="Delete" onConfirm={() => remove.mutateAsync()}>
        The file ({bytes(file.size)}) is deleted for good. Workflows that read it will get an error.
      </Confirm>
      {asked === 'sign' && <SignDialog method="GET" location={file.location} path={file.path} onClose={() => setAsked(undefined)} />}
    </div>
  );
}
