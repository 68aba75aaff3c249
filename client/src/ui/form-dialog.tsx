/** A dialog with a form: its error on top, its buttons at the end. */
import type { ReactNode } from 'react';
import { Button } from './button';
import { Dialog, DialogActions } from './dialog';
import { FormError } from './states';

interface Props {
  title: string;
  description?: ReactNode;
  onClose: () => void;
  onSubmit: () => void;
  /** Of the last attempt. */
  error: unknown;
  busy: boolean;
  /** What the button does. */
  action?: string;
  /** Takes no press of the button. */
  disabled?: boolean;
  /** What can only be read has no button. */
  readOnly?: boolean;
  side?: boolean;
  wide?: boolean;
  /** At the left of the buttons, such as one that deletes. */
  beside?: ReactNode;
  /** Below the form. */
  below?: ReactNode;
  children: ReactNode;
}

export function FormDialog({
  title,
  description,
  onClose,
  onSubmit,
  error,
  busy,
  action = 'Save',
  disabled = false,
  readOnly = false,
  side = false,
  wide = false,
  beside,
  below,
  children,
}: Props) {
  return (
    <Dialog open onClose={onClose} title={title} description={description} side={side} wide={wide}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          event.stopPropagation();
          onSubmit();
        }}
      >
        <FormError error={error} />
        <fieldset disabled={readOnly} className="grid min-w-0 gap-4">
          {children}
        </fieldset>
        <DialogActions>
          {beside !== undefined && <div className="mr-auto flex gap-2">{beside}</div>}
          <Button onClick={onClose}>{readOnly ? 'Close' : 'Cancel'}</Button>
          {!readOnly && (
            <Button type="submit" look="primary" busy={busy} disabled={disabled}>
              {action}
            </Button>
          )}
        </DialogActions>
      </form>
      {below}
    </Dialog>
  );
}
