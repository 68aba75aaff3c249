/** Chooses the location of files. The platform keeps no list of them: those that were seen are remembered here. */
import { FolderPlus } from 'lucide-react';
import { useState } from 'react';
import { useScopeId } from '@/api/session';
import { Button } from '@/ui/button';
import { Field, Input, Select } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { locationProblem } from './entries';

const KNOWN = ['uploads', 'temp'];
/** Most names that are remembered. */
const MOST = 20;

const keyOf = (scope: string): string => `bifrost.locations.${scope}`;

function remembered(scope: string): string[] {
  try {
    const all: unknown = JSON.parse(localStorage.getItem(keyOf(scope)) ?? '[]');
    return Array.isArray(all) ? all.filter((one): one is string => typeof one === 'string' && locationProblem(one) === undefined) : [];
  } catch {
    return [];
  }
}

/** The locations to choose from, with this one in it. */
function locations(scope: string, chosen: string): string[] {
  const own = remembered(scope);
  if (KNOWN.includes(chosen) || own.includes(chosen)) return [...KNOWN, ...own];
  const now = [chosen, ...own].slice(0, MOST).sort();
  localStorage.setItem(keyOf(scope), JSON.stringify(now));
  return [...KNOWN, ...now];
}

export function Locations({ value, onChange }: { value: string; onChange: (location: string) => void }) {
  const scope = useScopeId();
  const [asking, setAsking] = useState(false);
  const [name, setName] = useState('');
  const [problem, setProblem] = useState<string>();
  const close = () => {
    setAsking(false);
    setName('');
    setProblem(undefined);
  };
  const submit = () => {
    const wrong = locationProblem(name);
    setProblem(wrong);
    if (wrong !== undefined) return;
    close();
    onChange(name);
  };
  return (
    <div className="flex items-center gap-1.5">
      <Select aria-label="Location" className="w-40" value={value} onChange={(event) => onChange(event.target.value)}>
        {locations(scope, value).map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </Select>
      <Button size="icon" look="quiet" aria-label="Another location" onClick={() => setAsking(true)}>
        <FolderPlus aria-hidden />
      </Button>
      {asking && (
        <FormDialog title="Another location" onClose={close} onSubmit={submit} error={undefined} busy={false} action="Open it">
          <Field label="Name" help="One of your workflows, or a new one: the first file makes it. Such as reports." error={problem}>
            {(tied) => <Input {...tied} value={name} required autoFocus spellCheck={false} className="font-mono" onChange={(event) => setName(event.target.value)} />}
          </Field>
        </FormDialog>
      )}
    </div>
  );
}
