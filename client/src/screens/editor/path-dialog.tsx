/** Asks for the path of a new file or folder, or for another one of an old. */
import { useEffect, useRef, useState } from 'react';
import { Button } from '@/ui/button';
import { Dialog, DialogActions } from '@/ui/dialog';
import { Field, Input } from '@/ui/field';
import { FormError } from '@/ui/states';
import { nameOf, problemOf, problemOfMove } from './paths';

/** What is asked for. */
export type Wanted =
  | { what: 'file' | 'folder'; within: string }
  | { what: 'move'; from: string };

interface Props {
  wanted: Wanted | undefined;
  /** Paths that are taken. */
  paths: readonly string[];
  onClose: () => void;
  onChoose: (path: string) => Promise<void>;
}

export function PathDialog({ wanted, paths, onClose, onChoose }: Props) {
  return (
    <Dialog open={wanted !== undefined} onClose={onClose} title={wanted === undefined ? '' : titleOf(wanted)}>
      {wanted !== undefined && <Form wanted={wanted} paths={paths} onClose={onClose} onChoose={onChoose} />}
    </Dialog>
  );
}

function titleOf(wanted: Wanted): string {
  if (wanted.what === 'move') return `Rename or move ${nameOf(wanted.from)}`;
  return wanted.what === 'file' ? 'New file' : 'New folder';
}

function Form({ wanted, paths, onClose, onChoose }: Props & { wanted: Wanted }) {
  const begun = wanted.what === 'move' ? wanted.from : wanted.within === '' ? '' : `${wanted.within}/`;
  const [path, setPath] = useState(begun);
  const [isTried, setTried] = useState(false);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const name = begun.lastIndexOf('/') + 1;
    const ending = wanted.what === 'move' && begun.lastIndexOf('.') > name ? begun.lastIndexOf('.') : begun.length;
    input.current?.focus();
    input.current?.setSelectionRange(name, ending);
  }, [begun, wanted.what]);
  const problem = wanted.what === 'move' ? problemOfMove(wanted.from, path, paths) : problemOf(path, paths);
  const choose = async () => {
    setTried(true);
    if (problem !== undefined) return;
    setBusy(true);
    try {
      await onChoose(path);
      onClose();
    } catch (failure) {
      setError(failure);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className="grid gap-4"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void choose();
      }}
    >
      <FormError error={error} />
      <Field
        label="Path"
        help={
          wanted.what === 'folder'
            ? 'A folder is kept once there is a file in it.'
            : 'Within the workspace. Folders that are not there yet are made.'
        }
        error={isTried && problem !== undefined ? problem : undefined}
      >
        {(tied) => (
          <Input
            {...tied}
            ref={input}
            value={path}
            autoComplete="off"
            spellCheck={false}
            className="font-mono text-xs"
            onChange={(event) => setPath(event.target.value)}
          />
        )}
      </Field>
      {wanted.what === 'move' && path.endsWith('.py') && (
        <p className="text-ui text-muted">
          A workflow is known by its file and function. In another file it is a new one to schedules, grants and
          endpoints; the deploy asks before it loses any.
        </p>
      )}
      <DialogActions>
        <Button onClick={onClose}>Keep</Button>
        <Button type="submit" look="primary" busy={busy}>
          {wanted.what === 'move' ? 'Move' : 'Create'}
        </Button>
      </DialogActions>
    </form>
  );
}
