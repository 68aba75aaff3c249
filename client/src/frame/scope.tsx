/** The organization that everything on the page is about. */
import { Building2 } from 'lucide-react';
import { later } from '@/lib/later';
import { useMay, useMe, useOrganization } from '@/api/session';

const Chooser = later(() => import('./scope-chooser'));

/** Its name, or a way to choose another for those who may. */
export function Scope() {
  const me = useMe();
  const may = useMay();
  const chosen = useOrganization();
  if (!may('platform.enter')) return <ScopeName name={me.organization_name} />;
  return <Chooser instead={<ScopeName name={chosen === undefined ? me.organization_name : '…'} />} />;
}

export const ScopeName = ({ name }: { name: string }) => (
  <span className="flex min-w-0 items-center gap-2 text-ui font-medium">
    <Building2 className="size-4 shrink-0 text-muted" aria-hidden />
    <span className="truncate">{name}</span>
  </span>
);
