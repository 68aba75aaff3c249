/** A day that filters a list, with its label beside it. */
import { Input } from './field';

interface Props {
  label: string;
  value: string | undefined;
  onChange: (day: string | undefined) => void;
}

export const Day = ({ label, value = '', onChange }: Props) => (
  <label className="flex min-w-0 items-center gap-1.5 text-ui text-muted max-sm:grid max-sm:gap-0.5">
    {label}
    <Input type="date" value={value} onChange={(event) => onChange(event.target.value || undefined)} className="sm:w-36" />
  </label>
);
