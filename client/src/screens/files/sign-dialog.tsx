/** An address at which one file can be downloaded or uploaded for ten minutes, without a key. */
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
        title={sends ? `Upload address for ${sign.data.path}` : `Download address for ${sign.data.path}`}
        description={`Valid for ${plural(Math.round(sign.data.expires_in / 60), 'minute')}. Anyone who has the address can ${sends ? 'upload' : 'download'} this one file without a key.`}
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
          <p className="text-xs text-muted">It cannot be revoked. Share it only with the person or system that it is for.</p>
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
      title={sends ? 'Upload address' : `Download address for ${given}`}
      description="Valid for ten minutes and for one file, without a key."
      onClose={onClose}
      onSubmit={() => sign.mutate()}
      error={sign.error}
      busy={sign.isPending}
      action="Create address"
    >
      {sends ? (
        <>
          <Field label="Path of the file" help="A file that exists at this path is replaced." error={problemAt(sign.error, 'path')}>
            {(tied) => <Input {...tied} value={path} required autoFocus spellCheck={false} className="font-mono" placeholder="2026/invoice.pdf" onChange={(event) => setPath(event.target.value)} />}
          </Field>
          <Field label="Only this type" optional help="A media type, such as application/pdf. The content is checked, too." error={problemAt(sign.error, 'content_type')}>
            {(tied) => <Input {...tied} value={type} spellCheck={false} onChange={(event) => setType(event.target.value)} />}
          </Field>
        </>
      ) : (
        <p className="text-ui text-muted">Anyone who has the address can download this file. It cannot be revoked before it expires.</p>
      )}
    </FormDialog>
  );
}
