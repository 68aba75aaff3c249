/** Make a version the active one, or decide about one that waits. */
import { useQueryClient } from '@tanstack/react-query';
import { Check, History, X } from 'lucide-react';
import { useState } from 'react';
import { api, call } from '@/api/client';
import { useMay, useMe } from '@/api/session';
import type { Version } from '@/api/types';
import { Button } from '@/ui/button';
import { Confirm } from '@/ui/confirm';
import { CheckField, Field, TextArea } from '@/ui/field';
import { done } from '@/ui/toast';

type Asked = 'activate' | 'approve' | 'reject';

export function VersionActions({ version, against }: { version: Version; against: number | null | undefined }) {
  const may = useMay();
  const me = useMe();
  const client = useQueryClient();
  const [asked, setAsked] = useState<Asked>();
  const [force, setForce] = useState(false);
  const [comment, setComment] = useState('');
  const params = { path: { number: version.number } };
  const finish = async (text: string) => {
    done(text);
    await client.invalidateQueries();
  };
  const confirm = async () => {
    if (asked === 'activate') {
      await call(api.POST('/api/workspace/versions/{number}/activate', { params, body: { force } }));
      return finish(`Version ${version.number} is active`);
    }
    if (asked === 'approve') {
      const body = { against: against ?? null, comment: comment || null, force };
      await call(api.POST('/api/workspace/versions/{number}/approve', { params, body }));
      return finish(`Version ${version.number} is approved and active`);
    }
    await call(api.POST('/api/workspace/versions/{number}/reject', { params, body: { comment } }));
    return finish(`Version ${version.number} is rejected`);
  };
  if (version.state === 'proposed') {
    if (!may('workspace.review')) return null;
    if (version.created_by === me.user_id) return <p className="text-ui text-muted">Somebody else has to review it.</p>;
    return (
      <>
        <Button look="danger" onClick={() => setAsked('reject')}>
          <X aria-hidden />
          Reject
        </Button>
        <Button look="primary" onClick={() => setAsked('approve')}>
          <Check aria-hidden />
          Approve
        </Button>
        <Confirm
          open={asked === 'approve' || asked === 'reject'}
          onClose={() => setAsked(undefined)}
          title={asked === 'reject' ? `Reject version ${version.number}?` : `Approve version ${version.number}?`}
          action={asked === 'reject' ? 'Reject' : 'Approve'}
          danger={asked === 'reject'}
          onConfirm={confirm}
        >
          <p>
            {asked === 'reject'
              ? 'Its author sees why. It never runs.'
              : 'It becomes active at once. You are answerable for what you have seen in the changes below.'}
          </p>
          <Field label="Comment" optional={asked !== 'reject'}>
            {(tied) => <TextArea {...tied} value={comment} required={asked === 'reject'} onChange={(event) => setComment(event.target.value)} />}
          </Field>
          {asked === 'approve' && <Force force={force} onChange={setForce} />}
        </Confirm>
      </>
    );
  }
  if (version.is_active || version.state === 'rejected' || !may('workspace.deploy')) return null;
  return (
    <>
      <Button onClick={() => setAsked('activate')}>
        <History aria-hidden />
        Activate
      </Button>
      <Confirm
        open={asked === 'activate'}
        onClose={() => setAsked(undefined)}
        title={`Make version ${version.number} active?`}
        action="Activate"
        danger={false}
        onConfirm={confirm}
      >
        <p>New runs use it at once; runs that have begun keep theirs. You can come back to the present version the same way.</p>
        <Force force={force} onChange={setForce} />
      </Confirm>
    </>
  );
}

const Force = ({ force, onChange }: { force: boolean; onChange: (force: boolean) => void }) => (
  <CheckField
    label="Also when workflows that are in use would be gone"
    checked={force}
    onChange={(event) => onChange(event.target.checked)}
  />
);
