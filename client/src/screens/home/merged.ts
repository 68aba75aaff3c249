/** Runs and time saved, by organization. */
import type { Schemas } from '@/api/types';

export interface Row {
  id: string;
  name: string;
  runs: number;
  failed: number;
  open: number;
  /** Minutes that were saved this month. */
  saved: number;
}

/** What was counted and what was saved, one row for each organization; those with runs first. */
export function merged(counts: readonly Schemas['RunCountEntry'][], saved: readonly Schemas['TimeSavedEntry'][]): Row[] {
  const rows = new Map<string, Row>();
  const row = ({ organization_id, organization_name }: { organization_id?: string | null; organization_name?: string | null }): Row => {
    const id = organization_id ?? '';
    const known = rows.get(id) ?? { id, name: organization_name ?? '', runs: 0, failed: 0, open: 0, saved: 0 };
    rows.set(id, known);
    return known;
  };
  for (const { runs, failed, open, ...entry } of counts) Object.assign(row(entry), { runs, failed, open });
  for (const entry of saved) row(entry).saved += entry.minutes;
  return [...rows.values()];
}
