/** The organization that everything on the page is about. */
import { Building2 } from 'lucide-react';
import { lazy, Suspense } from 'react';
import { useMay, useMe, useOrganizations } from '@/api/session';

const Chooser = lazy(() => import('./scope-chooser'));

export function Scope() {
  const me = useMe();
  const may = useMay();
  const { all, chosen } = useOrganizations();
  const name = (
    <span className="flex min-w-0 items-center gap-2 text-ui font-medium">
      <Building2 className="size-4 shrink-0 text-muted" aria-hidden />
      <span className="truncate">{chosen?.name ?? me.organization_name}</span>
    </span>
  );
  if (!may('platform.enter') || all.length === 0) return name;
  return (
    <Suspense fallback={name}>
      <Chooser />
    </Suspense>
  );
}
