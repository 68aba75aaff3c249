/** Inputs with their label, help and error, tied together for screen readers. */
import { useId, type ComponentProps, type ReactNode } from 'react';
import { CircleAlert } from 'lucide-react';
import { cn } from '@/lib/cn';

const control =
  'base:w-full base:min-w-0 rounded-md border border-line-strong/60 bg-surface px-2.5 base:text-sm text-ink shadow-card transition-colors placeholder:text-faint hover:border-line-strong focus-visible:border-accent-text focus-visible:outline-1 focus-visible:outline-offset-0 aria-invalid:border-bad disabled:opacity-60 dark:bg-sunken';

export function Input({ className, ...props }: ComponentProps<'input'>) {
  return <input {...props} className={cn(control, 'base:h-8.5', className)} />;
}

export function TextArea({ className, ...props }: ComponentProps<'textarea'>) {
  return <textarea rows={4} {...props} className={cn(control, 'py-1.5', className)} />;
}

export function Select({ className, children, ...props }: ComponentProps<'select'>) {
  return (
    <select {...props} className={cn(control, 'select base:h-8.5 pr-8', className)}>
      {children}
    </select>
  );
}

export function CheckBox({ className, ...props }: Omit<ComponentProps<'input'>, 'type'>) {
  return <input {...props} type="checkbox" className={cn('size-4 shrink-0', className)} />;
}

/** What ties a control to its label and its texts. */
export interface Tied {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': true | undefined;
}

interface Props {
  label: string;
  children: (tied: Tied) => ReactNode;
  help?: ReactNode;
  error?: string | undefined;
  optional?: boolean;
  className?: string;
}

export function Field({ label, children, help, error, optional = false, className }: Props) {
  const id = useId();
  const described = [help === undefined ? '' : `${id}-help`, error === undefined ? '' : `${id}-error`];
  const describedBy = described.filter((part) => part !== '').join(' ');
  return (
    <div className={cn('grid content-start gap-1.5', className)}>
      <label htmlFor={id} className="text-ui font-medium">
        {label}
        {optional && <span className="font-normal text-faint"> (optional)</span>}
      </label>
      {children({
        id,
        'aria-describedby': describedBy === '' ? undefined : describedBy,
        'aria-invalid': error === undefined ? undefined : true,
      })}
      {help !== undefined && (
        <p id={`${id}-help`} className="text-xs text-muted">
          {help}
        </p>
      )}
      {error !== undefined && (
        <p id={`${id}-error`} className="flex items-center gap-1.5 text-xs text-bad">
          <CircleAlert className="size-3.5 shrink-0" aria-hidden />
          {error}
        </p>
      )}
    </div>
  );
}

/** A checkbox with its words beside it. */
export function CheckField({
  label,
  help,
  ...props
}: { label: ReactNode; help?: ReactNode } & Omit<ComponentProps<'input'>, 'type'>) {
  const id = useId();
  return (
    <div className="flex items-start gap-2.5">
      <CheckBox {...props} id={id} aria-describedby={help === undefined ? undefined : `${id}-help`} className="mt-0.5" />
      <div className="grid gap-0.5">
        <label htmlFor={id} className="text-ui font-medium">
          {label}
        </label>
        {help !== undefined && (
          <p id={`${id}-help`} className="text-xs text-muted">
            {help}
          </p>
        )}
      </div>
    </div>
  );
}
