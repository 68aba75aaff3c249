/** Chooses the location of files: one that has some, one that every organization has, or another. */
import { useQuery } from '@tanstack/react-query';
import { FolderPlus } from 'lucide-react';
import { useState } from 'react';
import { useOrganization } from '@/api/session';
import { Button } from '@/ui/button';
import { Field, Input, Select } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';
import { locationNames, locationProblem } from './entries';
import { usageQuery } from './queries';

export function Locations({ value, onChange }: { value: string; onChange: (location: string) => void }) {
  const organization = useOrganization();
  const { data } = useQuery(usageQuery(organization));
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
        {locationNames(data?.locations ?? [], value).map((one) => (
          <option key={one} value={one}>
            {one}
          </option>
        ))}
      </Select>
      <Button size="icon" look="quiet" aria-label="Another location" onClick={() => setAsking(true)}>
        <FolderPlus aria-hidden />
      </Button>
      {asking && (
        <FormDialog title="Another location" onClose={close} onSubmit={submit} error={undefined} busy={false} action="Open">
          <Field label="Name" help="A location that your workflows use, or a new one, such as reports. It is created with its first file." error={problem}>
            {(tied) => <Input {...tied} value={name} required autoFocus spellCheck={false} className="font-mono" onChange={(event) => setName(event.target.value)} />}
          </Field>
        </FormDialog>
      )}
    </div>
  );
}
