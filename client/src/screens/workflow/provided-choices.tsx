/** Choices of a data provider, which follow what fields of its parameters' names hold. Where it fails the value can be typed. */
import { useQuery } from '@tanstack/react-query';
import { api, call } from '@/api/client';
import { explain } from '@/api/problem';
import { workflowQuery } from '@/api/queries';
import { useOrganization } from '@/api/session';
import { askedWith } from '@/lib/asked-with';
import { useCalm } from '@/lib/hooks';
import { choicesOf, type Field, type Values } from '@/lib/parameters';
import { Button } from '@/ui/button';
import { Input, Select } from '@/ui/field';
import { Choices, type ChoicesProps } from './choices';

interface Props extends Omit<ChoicesProps, 'choices'> {
  provider: string;
  fields: readonly Field[];
  values: Partial<Values>;
}

export function ProvidedChoices({ provider, fields, values, ...props }: Props) {
  const { field, tied, text, onChange, onBlur } = props;
  const organization = useOrganization();
  const known = useQuery({ ...workflowQuery(organization, provider), staleTime: 60_000, retry: false });
  const { input, missing } = askedWith(known.data?.parameters ?? [], field, fields, values);
  const now = JSON.stringify(input);
  // Who types into another field is not asked after with each letter.
  const asked = useCalm(now);
  const ready = !known.isPending && missing.length === 0;
  const options = useQuery({
    queryKey: ['options', organization, provider, asked],
    queryFn: ({ signal }) =>
      call(
        api.POST('/api/data-providers/{id}/invoke', {
          params: { path: { id: provider } },
          body: { input_data: JSON.parse(asked) as Record<string, unknown> },
          signal,
        }),
      ),
    enabled: ready && asked === now,
    staleTime: 60_000,
    retry: false,
  });
  if (ready && options.data !== undefined) return <Choices {...props} choices={choicesOf(options.data.options)} />;
  if (ready && options.error !== null) {
    return (
      <div className="grid gap-1.5">
        <Input {...tied} value={text} required={field.required} onBlur={onBlur} onChange={(event) => onChange(event.target.value)} />
        <p role="alert" className="flex items-center gap-2 text-xs text-warn">
          The choices could not be loaded: {explain(options.error).title} Type the value, or
          <Button size="small" onClick={() => void options.refetch()}>
            Try again
          </Button>
        </p>
      </div>
    );
  }
  const needed = missing.map(({ label }) => label).join(' and ');
  return (
    <Select {...tied} disabled value={text}>
      <option value={text}>{text || (needed === '' ? 'Loading the choices…' : `First fill in ${needed}`)}</option>
    </Select>
  );
}
