/** Settings and secrets of the organization, and the global ones behind them. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { Globe, KeyRound, Plus, Share2, SlidersHorizontal, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { useUserName } from '@/api/names';
import { configQuery } from '@/api/queries';
import { useMay, useOrganization } from '@/api/session';
import type { ConfigEntry } from '@/api/types';
import { TYPE_NAMES } from '@/lib/values';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Confirm } from '@/ui/confirm';
import { DataTable } from '@/ui/data-table';
import { NothingFits } from '@/ui/nothing-fits';
import { Page } from '@/ui/page';
import { SearchBox } from '@/ui/search-box';
import { Empty, Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { done } from '@/ui/toast';
import { ConfigDialog } from './config-dialog';
import { useIsInherited } from './inherited';

const route = getRouteApi('/app/config');

/** What the URL says for a setting that is not there yet; no key can be that. */
const NEW = '+';

export function ConfigScreen() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const may = useMay();
  const config = useQuery(configQuery(organization));
  const open = (edit: string | undefined) => void navigate({ search: (old) => ({ ...old, edit }), resetScroll: false });
  const find = (q: string | undefined) => void navigate({ search: (old) => ({ ...old, q }), replace: true, resetScroll: false });
  const first = may('config.write') && (
    <Button look="primary" onClick={() => open(NEW)}>
      Create the first one
    </Button>
  );
  return (
    <Page
      title="Config & secrets"
      about="Workflows read settings and secrets by name. A secret’s value is never shown again."
      actions={
        may('config.write') && (
          <Button look="primary" onClick={() => open(NEW)}>
            <Plus aria-hidden />
            New setting
          </Button>
        )
      }
    >
      <SearchBox label="Search settings" value={search.q} onChange={find} className="w-full sm:w-72" />
      <Card padded={false}>
        <Show query={config}>
          {(all) => {
            const wanted = (search.q ?? '').toLowerCase();
            const shown = all.filter((entry) => `${entry.key}\n${entry.description ?? ''}`.toLowerCase().includes(wanted));
            if (all.length === 0) {
              return (
                <Empty icon={SlidersHorizontal} title="No settings yet" command="bifrost config set smtp_host mail.example.com" action={first}>
                  In code: <code className="font-mono text-xs">await config.get("smtp_host")</code>
                </Empty>
              );
            }
            if (shown.length === 0) return <NothingFits icon={SlidersHorizontal} onClear={() => find(undefined)} />;
            return (
              <DataTable
                label="Settings"
                rows={shown}
                columns={columns}
                id={(entry) => `${entry.organization_id ?? ''}${entry.key}`}
                sort={search.sort}
                onSort={(sort) => void navigate({ search: (old) => ({ ...old, sort }), replace: true, resetScroll: false })}
              />
            );
          }}
        </Show>
      </Card>
      {search.edit !== undefined && config.data !== undefined && (
        <ConfigDialog
          key={search.edit}
          entry={search.edit === NEW ? undefined : config.data.find((entry) => entry.key === search.edit)}
          onClose={() => open(undefined)}
        />
      )}
    </Page>
  );
}

const columns: ColumnDef<ConfigEntry>[] = [
  {
    accessorKey: 'key',
    header: 'Name',
    cell: ({ row: { original } }) => (
      <>
        <Link
          from="/config"
          to="."
          resetScroll={false}
          search={(old) => ({ ...old, edit: original.key })}
          className="font-mono text-xs break-all hover:text-accent-text hover:underline"
        >
          {original.key}
        </Link>
        {original.description != null && <span className="block text-xs text-muted">{original.description}</span>}
      </>
    ),
  },
  {
    id: 'value',
    accessorFn: (entry) => JSON.stringify(entry.value ?? ''),
    header: 'Value',
    cell: ({ row: { original } }) => <Value entry={original} />,
  },
  { accessorKey: 'type', header: 'Type', cell: ({ row: { original } }) => <Badge>{TYPE_NAMES[original.type]}</Badge>, meta: { wide: true } },
  {
    id: 'from',
    accessorFn: (entry) => (entry.organization_id == null ? 'global' : 'own'),
    header: 'From',
    cell: ({ row: { original } }) => <From entry={original} />,
  },
  {
    accessorKey: 'updated_at',
    header: 'Changed',
    cell: ({ row: { original } }) => <Changed entry={original} />,
    meta: { wide: true },
  },
  { id: 'delete', header: '', enableSorting: false, cell: ({ row: { original } }) => <Delete entry={original} /> },
];

function Value({ entry }: { entry: ConfigEntry }) {
  if (entry.is_secret) {
    return (
      <span className="flex items-center gap-1.5 text-muted">
        <KeyRound className="size-3.5" aria-hidden />
        <span aria-hidden>••••••</span>
        <span className="sr-only">A secret</span>
      </span>
    );
  }
  const text = typeof entry.value === 'string' ? entry.value : JSON.stringify(entry.value);
  return <span className="line-clamp-2 max-w-72 font-mono text-xs break-all">{text}</span>;
}

function From({ entry }: { entry: ConfigEntry }) {
  const isInherited = useIsInherited();
  return (
    <span className="flex flex-wrap gap-1">
      {entry.organization_id == null ? (
        <Badge>
          <Globe aria-hidden />
          {isInherited(entry) ? 'Inherited' : 'Global'}
        </Badge>
      ) : (
        <Badge tone="accent">Own</Badge>
      )}
      {entry.overrides && <Badge tone="info">Overrides global</Badge>}
      {entry.shared && (
        <Badge tone="info">
          <Share2 aria-hidden />
          Shared
        </Badge>
      )}
    </span>
  );
}

function Changed({ entry }: { entry: ConfigEntry }) {
  const nameOf = useUserName();
  return (
    <span className="text-muted">
      <Ago at={entry.updated_at} className="whitespace-nowrap" />
      {entry.updated_by != null && <span className="block text-xs break-words">by {nameOf(entry.updated_by)}</span>}
    </span>
  );
}

/** What workflows get in place of a deleted entry. */
function afterwards({ organization_id, overrides }: ConfigEntry): string {
  if (organization_id == null) return 'Organizations without a value of their own will no longer find anything under this name.';
  return overrides ? 'The global value of this name applies again.' : 'Workflows that read it will no longer find anything.';
}

function Delete({ entry }: { entry: ConfigEntry }) {
  const may = useMay();
  const isInherited = useIsInherited();
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  if (!may('config.write') || isInherited(entry)) return null;
  const remove = async () => {
    await call(api.DELETE('/api/config/{key}', { params: { path: { key: entry.key } } }));
    done(`“${entry.key}” is deleted`, afterwards(entry));
    await client.invalidateQueries({ queryKey: ['config'] });
  };
  return (
    <div className="text-right">
      <Button look="quiet" size="small" aria-label={`Delete ${entry.key}`} onClick={() => setAsking(true)}>
        <Trash2 aria-hidden />
      </Button>
      <Confirm open={asking} onClose={() => setAsking(false)} title={`Delete “${entry.key}”?`} action="Delete" onConfirm={remove}>
        {afterwards(entry)} {entry.is_secret && 'Its value cannot be recovered.'}
      </Confirm>
    </div>
  );
}
