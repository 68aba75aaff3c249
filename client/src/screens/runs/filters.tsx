/** Fields that add filters, and what is filtered by. */
import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { useUserName } from '@/api/names';
import { usersQuery, workflowsQuery } from '@/api/queries';
import { useMay, useOrganization } from '@/api/session';
import type { Origin, RunsSearch } from '@/routes/search';
import { Button } from '@/ui/button';
import { Combobox } from '@/ui/combobox';
import { Day } from '@/ui/day';
import { Select } from '@/ui/field';
import { Folded } from '@/ui/folded';
import { SearchBox } from '@/ui/search-box';
import { STATUSES, statusWord } from '@/ui/status';
import { among, chips, isInstant, ORIGIN_WORDS, split, toQuery } from './query';

interface Props {
  search: RunsSearch;
  onChange: (change: Partial<RunsSearch>) => void;
}

/** Nothing filtered. */
const ALL: Partial<RunsSearch> = {
  status: undefined,
  workflow: undefined,
  person: undefined,
  origin: undefined,
  error: undefined,
  schedule: undefined,
  from: undefined,
  to: undefined,
};

export function Filters({ search, onChange }: Props) {
  const organization = useOrganization();
  const may = useMay();
  const nameOf = useUserName();
  const seesAll = may('executions.read');
  const { data: workflows = [] } = useQuery(workflowsQuery(organization));
  const { data: people = [] } = useQuery({ ...usersQuery(organization, true), enabled: seesAll && may('users.read') });
  const all = chips(search, {
    workflow: (id) => workflows.find((one) => one.id === id)?.name ?? 'One workflow',
    person: nameOf,
  });
  const isFiltered = Object.keys(toQuery({ ...search, cursor: undefined })).length > 0;
  return (
    <div className="grid gap-2">
      <Folded label="Filters">
        <div className="grid grid-cols-2 items-center gap-2 sm:flex sm:flex-wrap">
          <Select
            aria-label="Status"
            className="sm:w-auto"
            value=""
            onChange={(event) => onChange({ status: among(search.status, event.target.value) })}
          >
            <option value="">{search.status === undefined ? 'Any status' : 'Add a status'}</option>
            {STATUSES.filter((name) => !split(search.status).includes(name)).map((name) => (
              <option key={name} value={name}>
                {statusWord(name)}
              </option>
            ))}
          </Select>
          <Select
            aria-label="Asked for"
            className="sm:w-auto"
            value=""
            onChange={(event) => onChange({ origin: event.target.value as Origin })}
          >
            <option value="">Started in any way</option>
            {Object.entries(ORIGIN_WORDS).map(([origin, word]) => (
              <option key={origin} value={origin}>
                {word}
              </option>
            ))}
          </Select>
          <Combobox
            label="Workflow"
            placeholder="Any workflow"
            value=""
            options={workflows
              .filter((one) => one.kind !== 'data_provider')
              .map((one) => ({ value: one.id, label: one.name }))}
            onChange={(id) => onChange({ workflow: id })}
            className="sm:max-w-60"
          />
          {people.length > 0 && (
            <Combobox
              label="Person"
              placeholder="Anybody"
              value=""
              options={people.map((one) => ({ value: one.id, label: one.name || one.email, hint: one.email }))}
              onChange={(id) => onChange({ person: id })}
              className="sm:max-w-60"
            />
          )}
          {seesAll && (
            <SearchBox
              label="Type of error"
              placeholder="Type of error"
              value={search.error}
              onChange={(error) => onChange({ error: error?.trim() || undefined })}
              className="max-sm:col-span-2 sm:w-44"
            />
          )}
          {!isInstant(search.from) && (
            <div className="grid grid-cols-2 gap-2 max-sm:col-span-2 sm:flex">
              <Day label="From" value={search.from} onChange={(day) => onChange({ from: day })} />
              <Day label="Until" value={search.to} onChange={(day) => onChange({ to: day })} />
            </div>
          )}
        </div>
      </Folded>
      {isFiltered && (
        <ul aria-label="Filtered by" className="flex flex-wrap items-center gap-1.5">
          {all.map(({ label, without }) => (
            <li key={label} className="flex max-w-full items-center rounded-md border bg-sunken pl-2 text-ui">
              <span className="truncate">{label}</span>
              <Button look="quiet" size="small" aria-label={`Remove ${label}`} onClick={() => onChange(without)}>
                <X aria-hidden />
              </Button>
            </li>
          ))}
          <li>
            <Button look="quiet" size="small" onClick={() => onChange(ALL)}>
              Clear
            </Button>
          </li>
        </ul>
      )}
    </div>
  );
}
