/** Status, workflow and days. */
import { useQuery } from '@tanstack/react-query';
import { X } from 'lucide-react';
import { workflowsQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import type { RunsSearch } from '@/routes/search';
import { oneOf } from '@/lib/search';
import { whole } from '@/lib/time';
import { Button } from '@/ui/button';
import { Combobox } from '@/ui/combobox';
import { Input, Select } from '@/ui/field';
import { STATUSES, statusWord } from '@/ui/status';

interface Props {
  search: RunsSearch;
  onChange: (change: Partial<RunsSearch>) => void;
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;

export function Filters({ search, onChange }: Props) {
  const organization = useOrganization();
  const { data: workflows = [] } = useQuery(workflowsQuery(organization));
  const { status, workflow, schedule, from, to } = search;
  const hour = from !== undefined && !DATE.test(from);
  const set = [status, workflow, schedule, from, to].some((value) => value !== undefined);
  return (
    <div className="flex flex-wrap items-center gap-2">
      <Select
        aria-label="Status"
        className="w-auto"
        value={status ?? ''}
        onChange={(event) => onChange({ status: oneOf(STATUSES, event.target.value) })}
      >
        <option value="">Any status</option>
        {STATUSES.map((name) => (
          <option key={name} value={name}>
            {statusWord(name)}
          </option>
        ))}
      </Select>
      <Combobox
        label="Workflow"
        placeholder="Any workflow"
        value={workflow ?? ''}
        clearable
        options={workflows
          .filter((one) => one.kind !== 'data_provider')
          .map((one) => ({ value: one.id, label: one.name }))}
        onChange={(id) => onChange({ workflow: id || undefined })}
        className="max-w-60"
      />
      {hour ? (
        <span className="text-ui text-muted">
          {whole(new Date(from))} – {to === undefined ? 'now' : whole(new Date(to))}
        </span>
      ) : (
        <>
          <Day label="From" value={from} onChange={(day) => onChange({ from: day })} />
          <Day label="Until" value={to} onChange={(day) => onChange({ to: day })} />
        </>
      )}
      {schedule !== undefined && <span className="text-ui text-muted">of one schedule</span>}
      {set && (
        <Button
          look="quiet"
          onClick={() =>
            onChange({ status: undefined, workflow: undefined, schedule: undefined, from: undefined, to: undefined })
          }
        >
          <X aria-hidden />
          Clear
        </Button>
      )}
    </div>
  );
}

interface DayProps {
  label: string;
  value: string | undefined;
  onChange: (day: string | undefined) => void;
}

const Day = ({ label, value = '', onChange }: DayProps) => (
  <label className="flex items-center gap-1.5 text-ui text-muted">
    {label}
    <Input type="date" value={value} onChange={(event) => onChange(event.target.value || undefined)} className="w-36" />
  </label>
);
