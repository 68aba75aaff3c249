/** Several controls under one label, such as radio buttons, with help and error as a field has them. */
import { useId, type ReactNode } from 'react';
import { CircleAlert } from 'lucide-react';
import { cn } from '@/lib/cn';

interface Props {
  label: ReactNode;
  children: ReactNode;
  help?: ReactNode;
  error?: string | undefined;
  optional?: boolean;
  disabled?: boolean;
  className?: string;
}

export function FieldGroup({ label, children, help, error, optional = false, disabled = false, className }: Props) {
  const id = useId();
  const described = [help === undefined ? '' : `${id}-help`, error === undefined ? '' : `${id}-error`];
  const describedBy = described.filter((part) => part !== '').join(' ');
  return (
    <fieldset
      disabled={disabled}
      aria-describedby={describedBy === '' ? undefined : describedBy}
      className={cn('grid min-w-0 content-start gap-1.5 disabled:opacity-60', className)}
    >
      <legend className="mb-1.5 text-ui font-medium">
        {label}
        {optional && <span className="font-normal text-faint"> (optional)</span>}
      </legend>
      {children}
      {help !== undefined && (
        <p id={`${id}-help`} className="text-xs text-muted">
          {help}
        </p>
      )}
      {error !== undefined && <ErrorText id={`${id}-error`}>{error}</ErrorText>}
    </fieldset>
  );
}

/** What is wrong with a field, below it. */
export const ErrorText = ({ id, children }: { id?: string; children: ReactNode }) => (
  <p id={id} className="flex items-start gap-1.5 text-xs text-bad">
    <CircleAlert className="mt-0.5 size-3.5 shrink-0" aria-hidden />
    <span className="min-w-0 break-words">{children}</span>
  </p>
);
