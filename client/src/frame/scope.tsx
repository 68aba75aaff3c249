/** The organization that everything on the page is about. */
import { useNavigate } from '@tanstack/react-router';
import { Building2 } from 'lucide-react';
import { useMay, useMe, useOrganization, useOrganizations } from '@/api/session';
import { Combobox } from '@/ui/combobox';

export function Scope() {
  const me = useMe();
  const may = useMay();
  const chosen = useOrganization();
  const { all } = useOrganizations();
  const navigate = useNavigate();
  if (!may('platform.enter') || all.length === 0) {
    return (
      <span className="flex min-w-0 items-center gap-2 text-ui font-medium">
        <Building2 className="size-4 shrink-0 text-muted" aria-hidden />
        <span className="truncate">{me.organization_name}</span>
      </span>
    );
  }
  const options = all
    .filter((organization) => !organization.is_offboarding)
    .map((organization) => ({
      value: organization.id,
      label: organization.name,
      ...(organization.is_provider ? { hint: 'provider, global' } : {}),
    }));
  const choose = (id: string) => {
    // What is open may not exist in the other organization; lists do.
    const org = id === me.organization_id ? undefined : id;
    void navigate({ to: '.', search: { org }, params: {} }).then(() => {
      if (/\/[\da-f-]{36}|versions\/\d+/.test(location.pathname)) void navigate({ to: '/', search: { org } });
    });
  };
  return (
    <Combobox
      label="Organization"
      options={options}
      value={chosen ?? me.organization_id}
      onChange={choose}
      className="max-w-44 font-medium text-ink sm:max-w-64"
    />
  );
}
