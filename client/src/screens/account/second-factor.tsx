/** The authenticator app, and the recovery codes for when it is lost. */
import { ShieldCheck, ShieldPlus } from 'lucide-react';
import { useMemo, useState } from 'react';
import { renderSVG } from 'uqr';
import { api, call } from '@/api/client';
import { download, plural } from '@/lib/format';
import { Badge } from '@/ui/badge';
import { Button } from '@/ui/button';
import { Card } from '@/ui/card';
import { Confirm } from '@/ui/confirm';
import { Command } from '@/ui/copy';
import { Dialog, DialogActions } from '@/ui/dialog';
import { Field, Input } from '@/ui/field';
import { done } from '@/ui/toast';
import { ChangeError, useChange } from './use-change';

interface New {
  secret: string;
  url: string;
}

export function SecondFactor({ has, codesLeft }: { has: boolean; codesLeft: number }) {
  const [adding, setAdding] = useState<New>();
  const [codes, setCodes] = useState<string[]>();
  const [removing, setRemoving] = useState(false);
  const begin = useChange((_: void) => call(api.POST('/api/me/second-factor')), setAdding);
  const renew = useChange(
    (_: void) => call(api.POST('/api/me/recovery-codes')),
    ({ recovery_codes }) => setCodes(recovery_codes),
  );
  const remove = useChange((_: void) => call(api.DELETE('/api/me/second-factor')));
  return (
    <Card
      title="Authenticator app"
      actions={has ? <Badge tone="good"><ShieldCheck aria-hidden />On</Badge> : <Badge>Off</Badge>}
    >
      <div className="grid gap-3">
        <ChangeError error={begin.error ?? renew.error} />
        <p className="text-ui text-muted">
          {has
            ? `You are asked for its code after your password. ${plural(codesLeft, 'recovery code')} left.`
            : 'With it, a stolen password is not enough to sign in as you.'}
        </p>
        <div className="flex flex-wrap gap-2">
          {has ? (
            <>
              <Button busy={renew.isPending} onClick={() => renew.mutate()}>
                New recovery codes
              </Button>
              <Button look="danger" onClick={() => setRemoving(true)}>
                Remove
              </Button>
            </>
          ) : (
            <Button busy={begin.isPending} onClick={() => begin.mutate()}>
              <ShieldPlus aria-hidden />
              Add an authenticator app
            </Button>
          )}
        </div>
      </div>
      {adding !== undefined && (
        <AddDialog
          added={adding}
          onClose={() => setAdding(undefined)}
          onCodes={(shown) => {
            setAdding(undefined);
            setCodes(shown);
            done('The authenticator app is added', 'All your other sessions were ended.');
          }}
        />
      )}
      {codes !== undefined && <CodesDialog codes={codes} onClose={() => setCodes(undefined)} />}
      <Confirm
        open={removing}
        onClose={() => setRemoving(false)}
        title="Remove the authenticator app?"
        action="Remove"
        onConfirm={() => remove.mutateAsync()}
      >
        You will sign in with your password alone, and your recovery codes stop working.
      </Confirm>
    </Card>
  );
}

interface AddProps {
  added: New;
  onClose: () => void;
  onCodes: (codes: string[]) => void;
}

function AddDialog({ added, onClose, onCodes }: AddProps) {
  const [code, setCode] = useState('');
  const image = useMemo(() => `data:image/svg+xml,${encodeURIComponent(renderSVG(added.url, { border: 2 }))}`, [added.url]);
  const confirm = useChange(
    (entered: string) => call(api.POST('/api/me/second-factor/confirm', { body: { code: entered } })),
    ({ recovery_codes }) => onCodes(recovery_codes),
  );
  return (
    <Dialog open onClose={onClose} title="Add an authenticator app" description="Scan this with the app, then enter the code that it shows.">
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          confirm.mutate(code.replace(/\s/g, ''));
        }}
      >
        <ChangeError error={confirm.error} />
        <img src={image} alt="QR code for the authenticator app" className="size-48 justify-self-center rounded-md border bg-white" />
        <div className="grid gap-1">
          <p className="text-xs text-muted">Or enter this secret there:</p>
          <Command text={added.secret} label="Copy the secret" />
        </div>
        <Field label="Code">
          {(tied) => (
            <Input
              {...tied}
              value={code}
              onChange={(event) => setCode(event.target.value)}
              inputMode="numeric"
              autoComplete="one-time-code"
              required
              className="font-mono tracking-widest"
            />
          )}
        </Field>
        <DialogActions>
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={confirm.isPending}>
            Confirm
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  );
}

function CodesDialog({ codes, onClose }: { codes: string[]; onClose: () => void }) {
  const text = codes.join('\n');
  return (
    <Dialog
      open
      onClose={onClose}
      title="Your recovery codes"
      description="They are shown only once. Each works once, in place of a code from the app."
    >
      <Command text={text} label="Copy the codes" />
      <DialogActions>
        <Button onClick={() => download('bifrost-recovery-codes.txt', `${text}\n`)}>Download</Button>
        <Button look="primary" onClick={onClose}>
          I have saved them
        </Button>
      </DialogActions>
    </Dialog>
  );
}
