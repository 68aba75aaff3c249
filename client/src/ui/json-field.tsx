/** A field for a JSON object, with the editor of code. */
import { useId, type ReactNode } from 'react';
import { CircleAlert } from 'lucide-react';
import { cn } from '@/lib/cn';
import { Code } from './code';

interface Props {
  label: string;
  value: string;
  onChange: (text: string) => void;
  help?: ReactNode;
  error?: string | undefined;
  height?: string;
}

export function JsonField({ label, value, onChange, help, error, height = '22rem' }: Props) {
  const id = useId();
  return (
    <div className="grid gap-1.5">
      <p className="text-ui font-medium">{label}</p>
      <div className={cn('overflow-hidden rounded-md border dark:bg-sunken', error === undefined ? 'border-line-strong/60' : 'border-bad')}>
        <Code value={value} label={label} language="json" onChange={onChange} describedBy={id} height={height} />
      </div>
      <div id={id} className="grid gap-1 text-xs text-muted">
        {help !== undefined && <p>{help}</p>}
        {error !== undefined && (
          <p className="flex items-center gap-1.5 text-bad">
            <CircleAlert className="size-3.5 shrink-0" aria-hidden />
            {error}
          </p>
        )}
      </div>
    </div>
  );
}
