/** Chooses the organization, for those who may act in several. */
import { useNavigate } from '@tanstack/react-router';
import { useMe, useOrganization, useOrganizations } from '@/api/session';
import { Combobox } from '@/ui/combobox';
import { ScopeName } from './scope';

/** A path with the id of something that other organizations do not have. */
const OF_ONE = /\/[\da-f-]{36}|versions\/\d+/;

export default function ScopeChooser() {
  const me = useMe();
  const chosen = useOrganization();
  const { all } = useOrganizations();
  const navigate = useNavigate();
  // None until they have come: there is nothing to choose from.
  if (all.length === 0) return <ScopeName name={me.organization_name} />;
  const options = all
    .filter((organization) => !organization.is_offboarding)
    .map(({ id, name, is_provider }) => ({ value: id, label: name, ...(is_provider ? { hint: 'provider, global' } : {}) }));
  const choose = (id: string) => {
    const org = id === me.organization_id ? undefined : id;
    if (OF_ONE.test(location.pathname)) void navigate({ to: '/', search: { org } });
    else void navigate({ to: '.', search: { org } });
  };
  return (
    <Combobox
      label="Organization"
      options={options}
      value={chosen ?? me.organization_id}
      onChange={choose}
      className="max-w-44 font-medium! sm:max-w-64"
    />
  );
}
