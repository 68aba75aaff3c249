/** Asks before something is lost. */
import { useState, type ReactNode } from 'react';
import { Button } from './button';
import { Dialog, DialogActions } from './dialog';
import { Field, Input } from './field';
import { FormError } from './states';

interface Props {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  /** What the button does, in a word or two. */
  action: string;
  /** Does it; the dialog stays open when it fails. */
  onConfirm: () => Promise<unknown>;
  /** Has to be typed first, for what cannot be undone. */
  typed?: string;
  danger?: boolean;
}

export function Confirm({ open, onClose, title, children, action, onConfirm, typed, danger = true }: Props) {
  const [entered, setEntered] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const close = () => {
    setEntered('');
    setError(undefined);
    onClose();
  };
  const confirm = async () => {
    setBusy(true);
    setError(undefined);
    try {
      await onConfirm();
      close();
    } catch (problem) {
      setError(problem);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog open={open} onClose={close} title={title}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          // It may stand within a form of its own.
          event.stopPropagation();
          void confirm();
        }}
      >
        <FormError error={error} />
        <div className="grid gap-2 text-sm text-muted">{children}</div>
        {typed !== undefined && (
          <Field label={`Type “${typed}” to go on`}>
            {(tied) => (
              <Input {...tied} value={entered} autoComplete="off" onChange={(event) => setEntered(event.target.value)} />
            )}
          </Field>
        )}
        <DialogActions>
          <Button onClick={close}>Keep</Button>
          <Button
            type="submit"
            look={danger ? 'danger' : 'primary'}
            busy={busy}
            disabled={typed !== undefined && entered !== typed}
          >
            {action}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}
