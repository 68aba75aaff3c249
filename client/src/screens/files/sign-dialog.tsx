/** An address at which one file can be read or sent for ten minutes, without a key. */
import { useState } from 'react';
import { api, call } from '@/api/client';
import { useSave } from '@/lib/change';
import { quote } from '@/lib/commands';
import { problemAt } from '@/lib/forms';
import { plural } from '@/lib/format';
import { Button } from '@/ui/button';
import { Command } from '@/ui/copy';
import { Dialog, DialogActions } from '@/ui/dialog';
import { Field, Input } from '@/ui/field';
import { FormDialog } from '@/ui/form-dialog';

interface Props {
  method: 'GET' | 'PUT';
  location: string;
  /** Of the file; where one is sent, only the beginning of it. */
  path: string;
  onClose: () => void;
}

export function SignDialog({ method, location: place, path: given, onClose }: Props) {
  const [path, setPath] = useState(given);
  const [type, setType] = useState('');
  const sign = useSave(
    () => call(api.POST('/api/files/signed-urls', { body: { path, location: place, method, content_type: type || null } })),
    { again: [] },
  );
  const sends = method === 'PUT';
  if (sign.data !== undefined) {
    const address = `${location.origin}${sign.data.url}`;
    const header = type === '' ? '' : `-H ${quote(`Content-Type: ${type}`)} `;
    return (
      <Dialog
        open
        onClose={onClose}
        title={sends ? `Send ${sign.data.path}` : `Read ${sign.data.path}`}
        description={`For ${plural(Math.round(sign.data.expires_in / 60), 'minute')}. Whoever has the address can do this one thing, without a key.`}
      >
        <div className="grid gap-4">
          <div className="grid gap-1.5">
            <p className="text-ui font-medium">Address</p>
            <Command text={address} label="Copy the address" />
          </div>
          <div className="grid gap-1.5">
            <p className="text-ui font-medium">Command</p>
            <Command text={sends ? `curl -T FILE ${header}${quote(address)}` : `curl -o ${quote(path.slice(path.lastIndexOf('/') + 1))} ${quote(address)}`} />
          </div>
          <p className="text-xs text-muted">It cannot be called back. Give it to whom it is for, and nobody else.</p>
        </div>
        <DialogActions>
          <Button look="primary" onClick={onClose}>
            Close
          </Button>
        </DialogActions>
      </Dialog>
    );
  }
  return (
    <FormDialog
      title={sends ? 'An address to send a file to' : `An address to read ${given}`}
      description="Good for ten minutes, for one file, without a key."
      onClose={onClose}
      onSubmit={() => sign.mutate()}
      error={sign.error}
      busy={sign.isPending}
      action="Sign the address"
    >
      {sends ? (
        <>
          <Field label="Path of the file" help="One that is there is replaced." error={problemAt(sign.error, 'path')}>
            {(tied) => <Input {...tied} value={path} required autoFocus spellCheck={false} className="font-mono" placeholder="2026/invoice.pdf" onChange={(event) => setPath(event.target.value)} />}
          </Field>
          <Field label="Only of this type" optional help="Such as application/pdf; checked by its content, too." error={problemAt(sign.error, 'content_type')}>
            {(tied) => <Input {...tied} value={type} spellCheck={false} onChange={(event) => setType(event.target.value)} />}
          </Field>
        </>
      ) : (
        <p className="text-ui text-muted">Whoever has the address can read this file. It cannot be called back before its time is over.</p>
      )}
    </FormDialog>
  );
}
