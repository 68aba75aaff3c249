/** Roles, what they allow, and workflows and forms that were granted. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Plus, ShieldCheck } from 'lucide-react';
import { rolesQuery } from '@/api/queries';
import { useMay, useOrganization } from '@/api/session';
import { plural } from '@/lib/format';
import { Badge } from '@/ui/badge';
import { Button, LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { Page } from '@/ui/page';
import { Empty, Show } from '@/ui/states';
import { Tabs } from '@/ui/tabs';
import { ROLE_HELP, ROLE_NAMES } from '@/screens/people/role-names';
import { Grants } from './grants';
import { RoleDialog } from './role-dialog';

const route = getRouteApi('/app/roles');

const NEW = 'new';

export function RolesScreen() {
  const { tab = 'roles', edit } = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const may = useMay();
  const roles = useQuery(rolesQuery(organization));
  const tabs = [
    { id: 'roles' as const, label: 'Roles', content: <Roles /> },
    { id: 'grants' as const, label: 'Granted', content: <Grants /> },
  ];
  return (
    <Page
      title="Roles"
      about="Everybody has one built-in role, and what roles of the organization allow on top."
      actions={
        may('roles.manage') && (
          <Button look="primary" onClick={() => void navigate({ search: { edit: NEW } })}>
            <Plus aria-hidden />
            New role
          </Button>
        )
      }
    >
      <Tabs
        label="Roles"
        tabs={tabs}
        chosen={tab}
        onChoose={(now) => void navigate({ search: { tab: now === 'roles' ? undefined : now } })}
      />
      {edit !== undefined && roles.data !== undefined && (
        <RoleDialog
          key={edit}
          role={roles.data.roles.find(({ id }) => id === edit)}
          permissions={roles.data.permissions}
          onClose={() => void navigate({ search: (old) => ({ ...old, edit: undefined }), resetScroll: false })}
        />
      )}
    </Page>
  );
}

function Roles() {
  const roles = useQuery(rolesQuery(useOrganization()));
  const may = useMay();
  return (
    <div className="grid gap-5">
      <Card title="Of the organization" padded={false}>
        <Show query={roles}>
          {(data) =>
            data.roles.length === 0 ? (
              <Empty
                icon={ShieldCheck}
                title="No roles of your own yet"
                command="bifrost roles create deployer workspace.read workspace.deploy"
                action={
                  may('roles.manage') && (
                    <LinkButton to="/roles" search={{ edit: NEW }} resetScroll={false} look="primary">
                      Make the first one
                    </LinkButton>
                  )
                }
              >
                A role of your own is a set of permissions that you give to people beside their built-in one.
              </Empty>
            ) : (
              <ul className="divide-y">
                {data.roles.map((role) => (
                  <li key={role.id} className="relative flex min-h-12 flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 text-ui hover:bg-hover/60">
                    <div className="min-w-0 flex-1">
                      <Link to="/roles" search={{ edit: role.id }} resetScroll={false} className="font-medium after:absolute after:inset-0 hover:text-accent-text">
                        {role.name}
                      </Link>
                      {role.description !== '' && <p className="text-xs text-muted">{role.description}</p>}
                    </div>
                    <Badge>{plural(role.permissions.length, 'permission')}</Badge>
                    <span className="text-muted tabular-nums">{plural(role.users, 'person', 'people')}</span>
                  </li>
                ))}
              </ul>
            )
          }
        </Show>
      </Card>
      <Card title="Built in" padded={false}>
        <Show query={roles}>
          {(data) => (
            <ul className="divide-y">
              {data.built_in.map(({ name, permissions }) => (
                <li key={name} className="px-4 py-2.5 text-ui">
                  <p className="font-medium">{ROLE_NAMES[name]}</p>
                  <p className="text-muted">{ROLE_HELP[name]}</p>
                  {permissions.length > 0 && (
                    <details className="mt-1">
                      <summary className="cursor-pointer text-xs text-muted">{plural(permissions.length, 'permission')}</summary>
                      <p className="mt-1 font-mono text-xs text-muted">{permissions.join(', ')}</p>
                    </details>
                  )}
                </li>
              ))}
            </ul>
          )}
        </Show>
      </Card>
    </div>
  );
}
