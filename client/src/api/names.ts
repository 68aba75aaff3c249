/** Names of people, where the caller may see them. */
import { useQuery } from '@tanstack/react-query';
import { usersQuery } from './queries';
import { useMay, useMe, useOrganization } from './session';

/** A function that names a user by id; the id's beginning where nothing is known. */
export function useUserName(): (id: string | null | undefined) => string {
  const me = useMe();
  const organization = useOrganization();
  const enabled = useMay()('users.read');
  const { data: users = [] } = useQuery({ ...usersQuery(organization, true), enabled });
  return (id) => {
    if (id == null) return '–';
    if (id === me.user_id) return me.name || me.email;
    const user = users.find((one) => one.id === id);
    return user === undefined ? id.slice(0, 8) : user.name || user.email;
  };
}
