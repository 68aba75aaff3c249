/** Roles, what they allow, and workflows and forms that were granted. */
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { ChevronRight, KeySquare, Plus, ShieldCheck } from 'lucide-react';
import { useId, useState } from 'react';
import { rolesQuery } from '@/api/queries';
import { useMay, useOrganization } from '@/api/session';
import type { Permission, Role } from '@/api/types';
import { cn } from '@/lib/cn';
import { plural } from '@/lib/format';
import { Badge } from '@/ui/badge';
import { Button, LinkButton } from '@/ui/button';
import { Card } from '@/ui/card';
import { Page } from '@/ui/page';
import { Empty, Show } from '@/ui/states';
import { Tabs } from '@/ui/tabs';
import { ROLE_HELP, ROLE_NAMES } from '@/screens/people/role-names';
import { GrantDialog } from './grant-dialog';
import { Grants } from './grants';
import { byArea, permissionLabel } from './permissions';
import { RoleDialog } from './role-dialog';

const route = getRouteApi('/app/roles');

const NEW = 'new';

export function RolesScreen() {
  const { tab = 'roles', edit } = route.useSearch();
  const navigate = route.useNavigate();
  const organization = useOrganization();
  const may = useMay();
  const roles = useQuery(rolesQuery(organization));
  const [granting, setGranting] = useState(false);
  const role = roles.data?.roles.find(({ id }) => id === edit);
  const tabs = [
    { id: 'roles' as const, label: 'Roles', content: <Roles /> },
    { id: 'grants' as const, label: 'Grants', content: <Grants onGrant={() => setGranting(true)} /> },
  ];
  return (
    <Page
      title="Roles"
      about="Everybody has one built-in role. Custom roles and grants add to what it allows."
      actions={
        may('roles.manage') &&
        (tab === 'grants' ? (
          <Button look="primary" onClick={() => setGranting(true)}>
            <KeySquare aria-hidden />
            Grant…
          </Button>
        ) : (
          <Button look="primary" onClick={() => void navigate({ search: { edit: NEW } })}>
            <Plus aria-hidden />
            New role
          </Button>
        ))
      }
    >
      <Tabs
        label="Roles"
        tabs={tabs}
        chosen={tab}
        onChoose={(now) => void navigate({ search: { tab: now === 'roles' ? undefined : now } })}
      />
      {granting && <GrantDialog onClose={() => setGranting(false)} />}
      {edit !== undefined && roles.data !== undefined && (edit === NEW || role !== undefined) && (
        <RoleDialog
          key={edit}
          role={role}
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
      <Card title="Custom roles" padded={false}>
        <Show query={roles}>
          {(data) =>
            data.roles.length === 0 ? (
              <Empty
                icon={ShieldCheck}
                title="No custom roles yet"
                command="bifrost roles create deployer workspace.read workspace.deploy"
                action={
                  may('roles.manage') && (
                    <LinkButton to="/roles" search={{ edit: NEW }} resetScroll={false} look="primary">
                      Create the first role
                    </LinkButton>
                  )
                }
              >
                A custom role is a set of permissions that people get in addition to their built-in role.
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
      <Card title="Built-in roles" padded={false}>
        <Show query={roles}>
          {(data) => (
            <ul className="divide-y">
              {data.built_in.map(({ name, permissions }) => (
                <BuiltIn key={name} name={name} permissions={permissions} />
              ))}
            </ul>
          )}
        </Show>
      </Card>
    </div>
  );
}

/** A role that nobody can change; it opens to show what it allows. */
function BuiltIn({ name, permissions }: { name: Role; permissions: Permission[] }) {
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <li className="text-ui">
      <div className="relative flex min-h-12 flex-wrap items-center gap-x-3 gap-y-1 px-4 py-2 hover:bg-hover/60">
        <div className="min-w-0 flex-1">
          <button
            type="button"
            aria-expanded={open}
            aria-controls={open ? id : undefined}
            onClick={() => setOpen(!open)}
            className="font-medium after:absolute after:inset-0 hover:text-accent-text"
          >
            {ROLE_NAMES[name]}
          </button>
          <p className="text-xs text-muted">{ROLE_HELP[name]}</p>
        </div>
        <Badge>{plural(permissions.length, 'permission')}</Badge>
        <ChevronRight className={cn('size-4 text-faint transition-transform', open && 'rotate-90')} aria-hidden />
      </div>
      {open && (
        <div id={id} className="border-t bg-sunken px-4 py-3">
          {permissions.length === 0 ? (
            <p className="text-muted">No more than what is granted.</p>
          ) : (
            <dl className="grid gap-x-5 gap-y-1.5 sm:grid-cols-[auto_1fr]">
              {byArea(permissions).map(([area, names]) => (
                <div key={area} className="contents">
                  <dt className="text-xs font-medium text-muted sm:pt-px">{area}</dt>
                  <dd className="flex flex-wrap gap-x-4 gap-y-1 max-sm:mb-1.5">
                    {names.map((one) => (
                      <span key={one}>
                        {permissionLabel(one)} <code className="font-mono text-2xs text-muted">{one}</code>
                      </span>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          )}
        </div>
      )}
    </li>
  );
}
