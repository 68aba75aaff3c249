/** The built-in role, and custom roles. */
import { useQuery } from '@tanstack/react-query';
import { rolesQuery } from '@/api/queries';
import { useMe, useOrganization } from '@/api/session';
import type { Role } from '@/api/types';
import { CheckField, Field, Select } from '@/ui/field';
import { ROLE_HELP, ROLE_NAMES, ROLES } from './role-names';

interface Props {
  role: Role;
  roles: string[];
  onRole: (role: Role) => void;
  onRoles: (roles: string[]) => void;
}

export function RoleFields({ role, roles, onRole, onRoles }: Props) {
  const me = useMe();
  const organization = useOrganization();
  const { data } = useQuery(rolesQuery(organization));
  const offered = ROLES.filter((name) => name !== 'platform_admin' || (me.role === 'platform_admin' && organization === undefined));
  const own = data?.roles ?? [];
  return (
    <>
      <Field label="Role" help={ROLE_HELP[role]}>
        {(tied) => (
          <Select {...tied} value={role} onChange={(event) => onRole(event.target.value as Role)}>
            {offered.map((name) => (
              <option key={name} value={name}>
                {ROLE_NAMES[name]}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {own.length > 0 && (
        <fieldset className="grid gap-2">
          <legend className="mb-1.5 text-ui font-medium">Custom roles</legend>
          {own.map(({ id, name, description }) => (
            <CheckField
              key={id}
              label={name}
              help={description === '' ? undefined : description}
              checked={roles.includes(id)}
              onChange={(event) => onRoles(event.target.checked ? [...roles, id] : roles.filter((other) => other !== id))}
            />
          ))}
        </fieldset>
      )}
    </>
  );
}
