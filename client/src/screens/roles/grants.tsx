/** Single workflows and forms for single people or roles. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ColumnDef } from '@tanstack/react-table';
import { KeySquare } from 'lucide-react';
import { api, call } from '@/api/client';
import { formsQuery } from '@/api/forms';
import { rolesQuery, usersQuery, workflowsQuery } from '@/api/queries';
import type { components } from '@/api/schema';
import { useMay, useOrganization } from '@/api/session';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { DataTable } from '@/ui/data-table';
import { DeleteButton } from '@/ui/delete-button';
import { Empty, Show } from '@/ui/states';
import { Ago } from '@/ui/time';
import { done } from '@/ui/toast';

type Grant = components['schemas']['GrantView'];

/** A grant with the names of what and whom it is about. */
interface Named {
  grant: Grant;
  what: string;
  whom: string;
  /** The address of somebody who has a name as well. */
  email: string | undefined;
}

const KEY = 'grants';

/** Names what the caller may see; of the rest, the beginning of its id. */
function useNames(): (grant: Grant) => Named {
  const organization = useOrganization();
  const { data: workflows = [] } = useQuery(workflowsQuery(organization));
  const { data: forms = [] } = useQuery(formsQuery(organization));
  const { data: users = [] } = useQuery(usersQuery(organization, true));
  const { data: roles } = useQuery(rolesQuery(organization));
  return (grant) => {
    const targets: { id: string; name: string }[] = grant.kind === 'form' ? forms : workflows;
    const user = users.find(({ id }) => id === grant.user_id);
    const role = roles?.roles.find(({ id }) => id === grant.role_id);
    const unknown = (grant.user_id ?? grant.role_id ?? '').slice(0, 8);
    return {
      grant,
      what: targets.find(({ id }) => id === grant.target_id)?.name ?? grant.target_id.slice(0, 8),
      whom: user?.name || user?.email || role?.name || unknown,
      email: user !== undefined && user.name !== '' && user.name !== user.email ? user.email : undefined,
    };
  };
}

export function Grants({ onGrant }: { onGrant: () => void }) {
  const organization = useOrganization();
  const manages = useMay()('roles.manage');
  const named = useNames();
  const grants = useQuery({
    queryKey: [KEY, organization],
    queryFn: ({ signal }) => call(api.GET('/api/grants', { signal })),
  });
  return (
    <Card padded={false}>
      <Show query={grants}>
        {({ grants: all }) =>
          all.length === 0 ? (
            <Empty
              icon={KeySquare}
              title="No grants yet"
              command='bifrost roles grant "Open tickets" --user bob@example.com'
              action={
                manages && (
                  <Button look="primary" onClick={onGrant}>
                    Grant a workflow
                  </Button>
                )
              }
            >
              Guests can run only what was granted to them or to one of their roles. Access to a form is granted on the form’s
              own page.
            </Empty>
          ) : (
            <DataTable label="Grants" rows={all.map(named)} columns={manages ? [...columns, revoke] : columns} id={({ grant }) => grant.id} />
          )
        }
      </Show>
    </Card>
  );
}

const columns: ColumnDef<Named>[] = [
  {
    id: 'what',
    header: 'Workflow or form',
    cell: ({ row: { original } }) => <Target of={original} />,
  },
  {
    id: 'whom',
    header: 'Granted to',
    cell: ({ row: { original } }) => (
      <>
        <span className="break-words">{original.whom}</span>
        {original.grant.role_id != null && <Badge className="ml-2">Role</Badge>}
        {original.email !== undefined && <span className="block text-xs break-all text-muted">{original.email}</span>}
      </>
    ),
  },
  {
    id: 'since',
    header: 'Since',
    cell: ({ row: { original } }) => <Ago at={original.grant.created_at} className="whitespace-nowrap text-muted" />,
    meta: { wide: true },
  },
];

const revoke: ColumnDef<Named> = {
  id: 'revoke',
  header: '',
  cell: ({ row: { original } }) => (
    <div className="text-right">
      <Revoke of={original} />
    </div>
  ),
};

function Target({ of: { grant, what } }: { of: Named }) {
  const look = 'font-medium break-words hover:text-accent-text hover:underline';
  const params = { id: grant.target_id };
  return (
    <>
      {grant.kind === 'form' ? (
        <Link to="/forms/$id" params={params} className={look}>
          {what}
        </Link>
      ) : (
        <Link to="/workflows/$id" params={params} className={look}>
          {what}
        </Link>
      )}
      <span className="block text-xs text-muted">{grant.kind === 'form' ? 'Form' : 'Workflow'}</span>
    </>
  );
}

function Revoke({ of: { grant, what, whom } }: { of: Named }) {
  const client = useQueryClient();
  const remove = async () => {
    await call(api.DELETE('/api/grants/{id}', { params: { path: { id: grant.id } } }));
    done('Access revoked');
    await client.invalidateQueries({ queryKey: [KEY] });
  };
  return (
    <DeleteButton small name={`${what} for ${whom}`} action="Revoke" title={`Revoke access to “${what}”?`} onDelete={remove}>
      {whom} can use it no longer, unless another grant or role allows it.
    </DeleteButton>
  );
}
