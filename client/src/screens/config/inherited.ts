/** Which settings come from behind the organization's own. */
import { useMay, useOrganization } from '@/api/session';
import type { ConfigEntry } from '@/api/types';

/** True for a global setting where the organization's own would hide it. */
export function useIsInherited(): (entry: ConfigEntry) => boolean {
  const may = useMay();
  const organization = useOrganization();
  const isGlobalScope = organization === undefined && may('platform.enter');
  return (entry) => entry.organization_id == null && !isGlobalScope;
}
